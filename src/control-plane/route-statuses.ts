/** What the status of every route of the Gateway API is to say. */
import { judgeParent } from "../status/route-status.ts";
import type { MeshSnapshot } from "../model/snapshot.ts";
import type { WantedRoute } from "../status/wanted.ts";

/** By `refKey`. Routes without a Service as parent are in it too: what Heddle said of an earlier one is taken back. */
export function routeStatuses({ gatewayRoutes }: MeshSnapshot): ReadonlyMap<string, WantedRoute> {
  const statuses = [...gatewayRoutes].map(([key, { ref, createdAt, generation, parents }]): [string, WantedRoute] => [
    key,
    { ref, createdAt, parents: parents.map((parent) => judgeParent(generation, parent)) },
  ]);
  return new Map(statuses);
}
