/** Which clusters a route leads to, and how its requests are divided among them. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { BoolValueSchema } from "@bufbuild/protobuf/wkt";
import type { RouteAction, RouteActionSchema } from "../gen/envoy/config/route/v3/route_components_pb.ts";
import type { MeshRoute, RouteShare } from "../model/mesh-route.ts";
import type { MeshSnapshot, ServiceDefinition } from "../model/snapshot.ts";
import { backendCluster } from "./backend.ts";
import { BLACK_HOLE, outboundCluster } from "./names.ts";
import { routeFilters } from "./route-filters.ts";

type ActionInit = Exclude<MessageInitShape<typeof RouteActionSchema>, RouteAction>;

/** Sum of the weights of a sticky split. */
const STICKY_TOTAL = 1_000_000_000;

/** Answers instead of sending on: no cluster can be told to answer with a status. */
const FAILING = { abort: { status: 500, percent: 100 } };

export function destination(
  snapshot: MeshSnapshot,
  service: ServiceDefinition,
  port: number,
  { split = [], sticky }: MeshRoute,
): Pick<ActionInit, "clusterSpecifier"> {
  const shares = split.filter(({ weight }) => weight !== 0);
  const [only] = shares;
  if (!only) return { clusterSpecifier: { case: "cluster", value: outboundCluster(service, port) } };
  const clusterOf = (share: RouteShare): string =>
    share.unresolved ? BLACK_HOLE : backendCluster(snapshot, service, port, share);
  if (shares.length === 1 && !only.headers && !only.unresolved)
    return { clusterSpecifier: { case: "cluster", value: clusterOf(only) } };
  const given = shares.map(({ weight = 1 }) => weight);
  const weights = sticky ? scaled(given, STICKY_TOTAL) : given;
  return {
    clusterSpecifier: {
      case: "weightedClusters",
      value: {
        clusters: shares.map((share, index) => ({
          name: clusterOf(share),
          weight: weights[index]!,
          ...routeFilters({ headers: share.headers, ...(share.unresolved && { fault: FAILING }) }),
        })),
        ...(sticky
          ? {
              randomValueSpecifier: { case: "useHashPolicy" as const, value: create(BoolValueSchema, { value: true }) },
            }
          : {}),
      },
    },
  };
}

/**
 * The weights with another sum, each at least 1. Envoy takes a user's hash modulo the sum: only where that stays the same does a
 * user stay in place when weights move, whatever their sum was in the policy.
 *
 * @param total above the sum of the weights
 */
export function scaled(weights: readonly number[], total: number): readonly number[] {
  const sum = weights.reduce((all, weight) => all + weight, 0);
  let passed = 0;
  return weights.map((weight) => {
    const from = border(passed, sum, total);
    passed += weight;
    return border(passed, sum, total) - from;
  });
}

function border(passed: number, sum: number, total: number): number {
  return Math.round((passed / sum) * total);
}
