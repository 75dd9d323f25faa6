/** Which endpoints are near a caller, for services whose callers are to have near ones first. */
import type { Endpoint, ServiceDefinition, Workload } from "../model/snapshot.ts";

/** Where a caller is, as far as it matters for a service: callers with the same text see the same endpoints. */
export interface Closeness {
  readonly key: string;
  /** Whether the endpoint is for this caller at all. */
  includes(endpoint: Endpoint): boolean;
  /** 0 is nearest. The numbers may have gaps. */
  distance(endpoint: Endpoint): number;
}

const EVERYWHERE: Closeness = { key: "", includes: () => true, distance: () => 0 };

/** A caller whose zone is not known has no near and far; one whose node is not known is sent to all. */
export function closenessOf(service: ServiceDefinition, { node, region, zone }: Workload): Closeness {
  const { prefers, localOnly } = service;
  const failover = service.policy?.spec.loadBalancing?.locality?.failover ?? prefers !== "any";
  const byNode = failover && prefers === "node" && node !== "";
  const byZone = failover && zone !== "";
  const onlyNode = localOnly && node !== "";
  if (!byNode && !byZone && !onlyNode) return EVERYWHERE;
  const place = [byZone ? `${region}/${zone}` : "", byNode || onlyNode ? node : ""];
  return {
    key: place.join("@"),
    includes: (endpoint) => !onlyNode || endpoint.node === node,
    distance(endpoint) {
      if (byNode && endpoint.node === node) return 0;
      if (!byZone) return 1;
      if (endpoint.zone === zone && endpoint.region === region) return 1;
      return endpoint.region === region ? 2 : 3;
    },
  };
}
