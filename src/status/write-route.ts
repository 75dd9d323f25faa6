import { isDeepStrictEqual } from "node:util";
import { API_VERSIONS } from "../api/parse-object.ts";
import { pathOf } from "../kube/apply.ts";
import type { KubeClient } from "../kube/client.ts";
import type { KubeObject } from "../kube/object.ts";
import type { WantedRoute } from "./wanted.ts";
import { mergedParents, parentsOf } from "./route-status.ts";

const RESOURCES = { HTTPRoute: "httproutes", GRPCRoute: "grpcroutes" } as const;

/**
 * Makes Heddle's entries in the status of a route be as wanted. The list has entries of other controllers too and can only be written
 * whole, so it is read first, and written only if nobody has written meanwhile. False where nothing had to be written.
 *
 * @throws KubeError; with status 409 when the route has changed meanwhile
 */
export async function writeRoute(
  client: KubeClient,
  { ref, parents }: WantedRoute,
  now: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { kind, name, namespace } = ref;
  const head: KubeObject = { apiVersion: API_VERSIONS[kind], kind, metadata: { name, namespace } };
  const resource = RESOURCES[kind];
  const object = await client.request<KubeObject>({ method: "GET", path: pathOf(head, resource), signal });
  const current = parentsOf(object);
  const next = mergedParents(current, parents, now);
  if (isDeepStrictEqual(current, next)) return false;
  await client.request({
    method: "PATCH",
    path: pathOf(head, resource, "status"),
    contentType: "application/merge-patch+json",
    body: { metadata: { resourceVersion: object.metadata.resourceVersion }, status: { parents: next } },
    signal,
  });
  return true;
}
