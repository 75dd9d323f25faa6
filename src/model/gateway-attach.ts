/** Which routes of the Gateway API are in force for which service ports, and for whose calls. */
import { isServiceParent, type ParentRef } from "../api/gateway-reference.ts";
import { refOf } from "../api/parse-object.ts";
import { closest } from "../api/suggest.ts";
import { diagnostic } from "../base/diagnostic-codes.ts";
import { type Diagnostic, formatRef, type ObjectRef, refKey } from "../base/diagnostic.ts";
import { convertRules, type RankedRoute } from "./gateway-routes.ts";
import { compareRank, type GatewayRouteObject } from "./gateway-rules.ts";
import type { MeshRoute } from "./mesh-route.ts";
import { compareText } from "./order.ts";
import type { Permits } from "./reference-grants.ts";
import type { AttachedRoutes, GatewayParent, GatewayRoute, Key, Policy, ServiceDefinition } from "./snapshot.ts";

export interface GatewayInput {
  readonly services: ReadonlyMap<Key, ServiceDefinition>;
  /** Policies by service key. */
  readonly inForce: ReadonlyMap<Key, Policy>;
  readonly permits: Permits;
}

export interface GatewayAttachment {
  readonly attached: ReadonlyMap<Key, readonly AttachedRoutes[]>;
  readonly routes: ReadonlyMap<string, GatewayRoute>;
  readonly diagnostics: readonly Diagnostic[];
}

/** A route's wish to decide on one port of a service. */
interface Claim {
  readonly object: GatewayRouteObject;
  readonly ref: ObjectRef;
  readonly parent: number;
  readonly service: ServiceDefinition;
  readonly port: number;
  /** "" for all callers. */
  readonly callers: string;
}

/** Parents by route; findings are added as they come up. */
interface Draft {
  readonly parentRef: ParentRef;
  readonly index: number;
  supported: GatewayParent["supported"];
  inForce: boolean;
  readonly findings: Diagnostic[];
}

export function attachRoutes(input: GatewayInput, objects: Iterable<GatewayRouteObject>): GatewayAttachment {
  const drafts = new Map<string, readonly Draft[]>();
  const claims: Claim[] = [];
  const routes = [...objects].sort(compareRoutes);
  for (const object of routes) {
    const parents = object.spec.parentRefs.flatMap((parentRef, index): readonly Draft[] =>
      isServiceParent(parentRef) ? [{ parentRef, index, supported: "all", inForce: false, findings: [] }] : [],
    );
    drafts.set(refKey(refOf(object)), parents);
    for (const [at, parent] of parents.entries()) claims.push(...claimsOf(input, object, parent, at));
  }
  const groups = Map.groupBy(claims, ({ service, port, callers }) => `${service.key}:${port}/${callers}`);
  const attached = new Map<Key, AttachedRoutes[]>();
  for (const group of groups.values()) {
    const { service, port, callers } = group[0]!;
    const ranked = mostSpecificKind(group, drafts).flatMap((claim) => routesOf(input, claim, drafts));
    const list = attached.get(service.key) ?? [];
    list.push({ port, ...(callers !== "" && { callers }), routes: inOrder(ranked) });
    attached.set(service.key, list);
  }
  for (const list of attached.values())
    list.sort((a, b) => a.port - b.port || compareText(a.callers ?? "", b.callers ?? ""));
  // What is not in force still hears of its own faults.
  for (const object of routes) {
    for (const draft of drafts.get(refKey(refOf(object)))!)
      if (!draft.inForce) draft.findings.push(...faults(input, object, draft));
  }
  return outcome(routes, drafts, attached);
}

function faults({ services, permits }: GatewayInput, object: GatewayRouteObject, draft: Draft): readonly Diagnostic[] {
  const scope = { services, permits, route: refOf(object), parent: keyOf(object, draft.parentRef) };
  return convertRules(object, 80, scope).findings;
}

function keyOf({ meta }: GatewayRouteObject, { namespace = meta.namespace, name }: ParentRef): Key {
  return `${namespace}/${name}`;
}

/** Of routes that match alike the oldest goes first, then the first by name. */
function compareRoutes({ meta: a, kind }: GatewayRouteObject, { meta: b, kind: other }: GatewayRouteObject): number {
  return (
    a.createdAt - b.createdAt ||
    compareText(`${a.namespace}/${a.name}`, `${b.namespace}/${b.name}`) ||
    compareText(kind, other)
  );
}

/** No request goes past the routes of a service: what none of them matches is answered with 404. */
const NO_MATCH: MeshRoute = { name: "no-match", directResponse: { status: 404 } };

/** Stable: of equal ranks the older route, and within a route the rule before, stays in front. */
function inOrder(ranked: readonly RankedRoute[]): readonly MeshRoute[] {
  const sorted = [...ranked].sort((a, b) => compareRank(a.rank, b.rank));
  return [...sorted.map(({ route }) => route), NO_MATCH];
}

/** The ports that a parent stands for; none where it names nothing that takes requests. */
function claimsOf(
  { services, inForce }: GatewayInput,
  object: GatewayRouteObject,
  draft: Draft,
  parent: number,
): readonly Claim[] {
  const ref = refOf(object);
  const { port, sectionName } = draft.parentRef;
  const key = keyOf(object, draft.parentRef);
  const path = `spec.parentRefs[${draft.index}]`;
  const service = services.get(key);
  if (service?.type !== "ClusterIP") {
    draft.findings.push(diagnostic("HED1335", { ref, path: `${path}.name`, message: absent(services, key) }));
    return [];
  }
  const ports = service.ports.filter(
    (p) =>
      TAKES_REQUESTS.has(p.protocol) &&
      (port === undefined || p.port === port) &&
      (sectionName === undefined || p.name === sectionName),
  );
  if (ports.length === 0) {
    const known = service.ports.map((p) => `${p.port}${p.name === "" ? "" : ` (${p.name})`} ${p.protocol}`).join(", ");
    const message = `Service ${key} has no such port that takes HTTP requests; its ports: ${known || "none"}`;
    draft.findings.push(diagnostic("HED1336", { ref, path, message }));
    return [];
  }
  const policy = inForce.get(key);
  if (policy?.spec.routes !== undefined) {
    const message = `TrafficPolicy ${policy.key} has routes for Service ${key}, and they decide; this route is not in force for it`;
    draft.findings.push(diagnostic("HED1337", { ref, path, message }));
    return [];
  }
  const callers = service.namespace === ref.namespace ? "" : ref.namespace;
  return ports.map((p) => ({ object, ref, parent, service, port: p.port, callers }));
}

const TAKES_REQUESTS: ReadonlySet<string> = new Set(["HTTP", "HTTP2", "GRPC", "Auto"]);

function absent(services: ReadonlyMap<Key, ServiceDefinition>, key: Key): string {
  const service = services.get(key);
  if (service) return `Service ${key} is ${service.type} and has no address of its own to be called by`;
  const meant = closest(key, [...services.keys()]);
  return `there is no Service ${key}${meant === undefined ? "" : `; did you mean ${meant}?`}`;
}

/** Where GRPCRoutes have claims, HTTPRoutes have none. */
function mostSpecificKind(group: readonly Claim[], drafts: ReadonlyMap<string, readonly Draft[]>): readonly Claim[] {
  const winner = group.find(({ object }) => object.kind === "GRPCRoute");
  if (!winner) return group;
  for (const { object, ref, parent, service, port } of group) {
    if (object.kind === "GRPCRoute") continue;
    const draft = drafts.get(refKey(ref))![parent]!;
    const message = `${formatRef(winner.ref)} decides for port ${port} of Service ${service.key}: a GRPCRoute goes before an HTTPRoute`;
    draft.findings.push(diagnostic("HED1337", { ref, path: `spec.parentRefs[${draft.index}]`, message }));
  }
  return group.filter(({ object }) => object.kind === "GRPCRoute");
}

function routesOf(
  { services, permits }: GatewayInput,
  { object, ref, parent, service, port }: Claim,
  drafts: ReadonlyMap<string, readonly Draft[]>,
): readonly RankedRoute[] {
  const draft = drafts.get(refKey(ref))![parent]!;
  const converted = convertRules(object, port, { services, permits, route: ref, parent: service.key });
  draft.findings.push(...converted.findings);
  draft.supported = converted.supported;
  draft.inForce = true;
  return converted.routes;
}

function outcome(
  objects: readonly GatewayRouteObject[],
  drafts: ReadonlyMap<string, readonly Draft[]>,
  attached: GatewayAttachment["attached"],
): GatewayAttachment {
  const routes = objects.map((object): [string, GatewayRoute] => {
    const ref = { ...refOf(object), kind: object.kind };
    const parents = drafts.get(refKey(ref))!.map(({ parentRef, supported, inForce, findings }): GatewayParent => ({
      parentRef,
      supported,
      inForce,
      findings: distinct(findings),
    }));
    return [refKey(ref), { ref, createdAt: object.meta.createdAt, generation: object.meta.generation, parents }];
  });
  routes.sort(([a], [b]) => compareText(a, b));
  const diagnostics = routes.flatMap(([, { parents }]) => distinct(parents.flatMap(({ findings }) => findings)));
  return { attached, routes: new Map(routes), diagnostics };
}

/** One finding comes up for every port and every parent that it concerns. */
function distinct(findings: readonly Diagnostic[]): readonly Diagnostic[] {
  return [
    ...new Map(findings.map((finding) => [`${finding.code} ${finding.path} ${finding.message}`, finding])).values(),
  ];
}
