/** The routes of one service port: the policy's in their order, then everything else to the whole service. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { Mirror } from "../api/traffic-policy.ts";
import {
  type Route,
  type RouteAction,
  RouteActionSchema,
  RouteSchema,
} from "../gen/envoy/config/route/v3/route_components_pb.ts";
import type { MeshRoute } from "../model/mesh-route.ts";
import type { AskedService } from "../model/rate-limit-service.ts";
import type { MeshSnapshot, ServiceDefinition, Workload } from "../model/snapshot.ts";
import { anonymous } from "./anonymous.ts";
import { backendCluster } from "./backend.ts";
import { routesFor } from "./caller.ts";
import { duration, fraction } from "./envoy.ts";
import { hashPolicies } from "./hash-policy.ts";
import { anyRequest, matchesEverything, routeMatch } from "./match.ts";
import { askedLimits } from "./rate-limit-service.ts";
import { retryPolicy } from "./retry.ts";
import { directResponseAction, redirectAction, rewriting, routeFilters } from "./route-filters.ts";
import { destination } from "./split.ts";

/** What routes depend on beside the service that they lead to. */
export interface RouteContext {
  readonly snapshot: MeshSnapshot;
  readonly caller: Workload;
  /** Sidecars of the caller's workload. */
  readonly fleetSize: number;
  /** The rate-limit service of the mesh. */
  readonly asked: AskedService | undefined;
}

/** The routes to `service` on `port` for one caller; the last one matches every request. */
export function routesOf(context: RouteContext, service: ServiceDefinition, port: number): Route[] {
  const { caller, fleetSize } = context;
  const routes: Route[] = [];
  const { affinity } = service.policy?.spec.loadBalancing ?? {};
  for (const { route: policy, index } of routesFor(service, port, caller)) {
    const name = policy.name ?? `routes[${index}]`;
    const filters = routeFilters(policy, affinity, fleetSize);
    const alternatives = policy.match ?? [{}];
    const unknown = anonymous(policy);
    for (const match of alternatives) {
      if (unknown) {
        const { matcher, sticky, responseHeader } = unknown;
        const action = actionOf(context, service, port, { ...policy, sticky }, match.path?.prefix);
        const { headers, ...rest } = routeMatch(match);
        const added = [...(filters.responseHeadersToAdd ?? []), responseHeader];
        const first = { ...rest, headers: [...headers, matcher] };
        routes.push(create(RouteSchema, { name, match: first, action, ...filters, responseHeadersToAdd: added }));
      }
      const action = actionOf(context, service, port, policy, match.path?.prefix);
      routes.push(create(RouteSchema, { name, match: routeMatch(match), action, ...filters }));
    }
    if (alternatives.some(matchesEverything)) return routes;
  }
  const action = actionOf(context, service, port, {}, undefined);
  return [
    ...routes,
    create(RouteSchema, { name: "default", match: anyRequest(), action, ...routeFilters({}, affinity, fleetSize) }),
  ];
}

/** Names of all clusters that the routes of a service lead to, in order: when they change, the routes are built anew. */
export function backendsOf(snapshot: MeshSnapshot, service: ServiceDefinition, port: number): readonly string[] {
  const attached = service.attached?.flatMap(({ routes }) => routes) ?? [];
  const routes: readonly MeshRoute[] = service.policy?.spec.routes ?? attached;
  return routes.flatMap(({ split = [], mirror = [] }) =>
    [...split, ...mirror].map((backend) => backendCluster(snapshot, service, port, backend)),
  );
}

/** @param matched the path prefix that the match asks for, if any */
function actionOf(
  context: RouteContext,
  service: ServiceDefinition,
  port: number,
  policy: MeshRoute,
  matched: string | undefined,
): Route["action"] {
  const { redirect, directResponse } = policy;
  if (redirect) return { case: "redirect", value: redirectAction(redirect, matched) };
  if (directResponse) return { case: "directResponse", value: directResponseAction(directResponse) };
  return { case: "route", value: policyAction(context, service, port, policy, matched) };
}

type ActionInit = Exclude<MessageInitShape<typeof RouteActionSchema>, RouteAction>;

function policyAction(
  { snapshot, caller, asked }: RouteContext,
  service: ServiceDefinition,
  port: number,
  policy: MeshRoute,
  matched: string | undefined,
): RouteAction {
  const { loadBalancing, connection } = service.policy?.spec ?? {};
  const timeout = duration(policy.timeout ?? 0);
  const retry = retryPolicy(policy.retries, loadBalancing?.hashOn === undefined);
  return create(RouteActionSchema, {
    ...destination(snapshot, service, port, policy),
    ...rewriting(policy.rewrite, matched),
    // Written out: Envoy's default is 15 s. No maxStreamDuration beside it, which would switch this one off (measured).
    timeout,
    ...(retry ? { retryPolicy: retry } : {}),
    requestMirrorPolicies: (policy.mirror ?? []).map((mirror) => mirrorPolicy(snapshot, service, port, mirror)),
    rateLimits: askedLimits(service, policy.rateLimit, asked, caller),
    hashPolicy: hashPolicies(policy.sticky, loadBalancing?.hashOn),
    ...(connection?.websocket === false ? { upgradeConfigs: [{ upgradeType: "websocket", enabled: false }] } : {}),
  });
}

type MirrorInit = NonNullable<ActionInit["requestMirrorPolicies"]>[number];

function mirrorPolicy(snapshot: MeshSnapshot, service: ServiceDefinition, port: number, mirror: Mirror): MirrorInit {
  return {
    cluster: backendCluster(snapshot, service, port, mirror),
    runtimeFraction: { defaultValue: fraction(mirror.percent) },
    traceSampled: false,
    // Envoy would append "-shadow" to the host, and the receiver would no longer know who is meant.
    disableShadowHostSuffixAppend: true,
  };
}
