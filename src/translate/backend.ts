/** Finds the cluster that a split or mirror entry means. */
import type { Backend } from "../api/traffic-policy.ts";
import type { MeshSnapshot, ServiceDefinition } from "../model/snapshot.ts";
import { BLACK_HOLE, outboundCluster } from "./names.ts";

/**
 * The cluster's name. What does not exist answers 503 for its share of the traffic, and is named in a diagnostic of the
 * model; a reference to a missing cluster would answer 503 for all of it.
 */
export function backendCluster(
  snapshot: MeshSnapshot,
  service: ServiceDefinition,
  port: number,
  backend: Backend,
): string {
  const target = backend.service === undefined ? service : findService(snapshot, service.namespace, backend.service);
  const targetPort = backend.port ?? port;
  if (!target?.ports.some((p) => p.port === targetPort && p.protocol !== "UDP")) return BLACK_HOLE;
  const { subset = "" } = backend;
  const known = subset === "" || target.policy?.spec.subsets?.some(({ name }) => name === subset);
  return known ? outboundCluster(target, targetPort, subset) : BLACK_HOLE;
}

/** `name` in the policy's namespace, or `name.namespace`. */
export function findService(snapshot: MeshSnapshot, namespace: string, name: string): ServiceDefinition | undefined {
  const [service, other = namespace] = name.split(".", 2);
  return snapshot.services.get(`${other}/${service}`);
}
