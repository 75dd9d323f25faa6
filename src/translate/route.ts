/** The routes of one service port: the policy's in their order, then everything else to the whole service. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { BoolValueSchema } from "@bufbuild/protobuf/wkt";
import type { Mirror, Route as PolicyRoute, Split } from "../api/traffic-policy.ts";
import {
  type Route,
  type RouteAction,
  RouteActionSchema,
  RouteSchema,
} from "../gen/envoy/config/route/v3/route_components_pb.ts";
import type { AskedService } from "../model/rate-limit-service.ts";
import type { MeshSnapshot, Service, Workload } from "../model/snapshot.ts";
import { backendCluster } from "./backend.ts";
import { routesFor } from "./caller.ts";
import { duration, fraction } from "./envoy.ts";
import { hashPolicies } from "./hash-policy.ts";
import { anyRequest, matchesEverything, routeMatch } from "./match.ts";
import { outboundCluster } from "./names.ts";
import { askedLimits } from "./rate-limit-service.ts";
import { retryPolicy } from "./retry.ts";
import { directResponseAction, redirectAction, rewriting, routeFilters } from "./route-filters.ts";

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
export function routesOf(context: RouteContext, service: Service, port: number): Route[] {
  const { caller, fleetSize } = context;
  const routes: Route[] = [];
  for (const { route: policy, index } of routesFor(service, caller)) {
    const name = policy.name ?? `routes[${index}]`;
    const filters = routeFilters(policy, fleetSize);
    const alternatives = policy.match ?? [{}];
    for (const match of alternatives) {
      const action = actionOf(context, service, port, policy, match.path?.prefix);
      routes.push(create(RouteSchema, { name, match: routeMatch(match), action, ...filters }));
    }
    if (alternatives.some(matchesEverything)) return routes;
  }
  const action = actionOf(context, service, port, {}, undefined);
  return [...routes, create(RouteSchema, { name: "default", match: anyRequest(), action })];
}

/** Names of all clusters that the routes of a service lead to, in order: when they change, the routes are built anew. */
export function backendsOf(snapshot: MeshSnapshot, service: Service, port: number): readonly string[] {
  const routes = service.policy?.spec.routes ?? [];
  return routes.flatMap(({ split = [], mirror = [] }) =>
    [...split, ...mirror].map((backend) => backendCluster(snapshot, service, port, backend)),
  );
}

/** @param matched the path prefix that the match asks for, if any */
function actionOf(
  context: RouteContext,
  service: Service,
  port: number,
  policy: PolicyRoute,
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
  service: Service,
  port: number,
  policy: PolicyRoute,
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

function destination(
  snapshot: MeshSnapshot,
  service: Service,
  port: number,
  { split = [], sticky }: PolicyRoute,
): Pick<ActionInit, "clusterSpecifier"> {
  const shares = split.filter(({ weight }) => weight !== 0);
  const [only] = shares;
  if (!only) return { clusterSpecifier: { case: "cluster", value: outboundCluster(service, port) } };
  const clusterOf = (share: Split): string => backendCluster(snapshot, service, port, share);
  if (shares.length === 1) return { clusterSpecifier: { case: "cluster", value: clusterOf(only) } };
  return {
    clusterSpecifier: {
      case: "weightedClusters",
      value: {
        clusters: shares.map((share) => ({ name: clusterOf(share), weight: share.weight ?? 1 })),
        ...(sticky
          ? {
              randomValueSpecifier: { case: "useHashPolicy" as const, value: create(BoolValueSchema, { value: true }) },
            }
          : {}),
      },
    },
  };
}

type MirrorInit = NonNullable<ActionInit["requestMirrorPolicies"]>[number];

function mirrorPolicy(snapshot: MeshSnapshot, service: Service, port: number, mirror: Mirror): MirrorInit {
  return {
    cluster: backendCluster(snapshot, service, port, mirror),
    runtimeFraction: { defaultValue: fraction(mirror.percent) },
    traceSampled: false,
    // Envoy would append "-shadow" to the host, and the receiver would no longer know who is meant.
    disableShadowHostSuffixAppend: true,
  };
}
