/** The cluster of a UDP port. */
import { create } from "@bufbuild/protobuf";
import type { LoadBalancing } from "../api/traffic-policy.ts";
import { type Cluster, ClusterSchema } from "../gen/envoy/config/cluster/v3/cluster_pb.ts";
import type { ServiceDefinition, ServicePort } from "../model/snapshot.ts";
import { circuitBreakers } from "./circuit-breaker.ts";
import { discovery } from "./cluster.ts";
import { balancing } from "./load-balancing.ts";
import { outboundUdpCluster } from "./names.ts";

/** A session is no request, so that the least loaded endpoint is not known: turns divide sessions better than chance. */
const POLICY: Readonly<Record<LoadBalancing["policy"], LoadBalancing["policy"]>> = {
  RoundRobin: "RoundRobin",
  LeastRequest: "RoundRobin",
  Random: "Random",
  RingHash: "RingHash",
  Maglev: "Maglev",
};

/**
 * Envoy ends all sessions of a cluster that changes, so that as little of a policy as can be is in it: how endpoints are chosen,
 * and how many sessions there may be. Everything about places and subsets is in the endpoints.
 */
export function udpCluster(service: ServiceDefinition, port: ServicePort): Cluster {
  const { loadBalancing, circuitBreaker } = service.policy?.spec ?? {};
  const name = outboundUdpCluster(service, port.port);
  const { maxConnections } = circuitBreaker ?? {};
  return create(ClusterSchema, {
    name,
    ...discovery(service, port, name),
    // By shares of zones even where there are none: then all endpoints weigh the same, and shares change the endpoints alone.
    ...balancing({ policy: POLICY[loadBalancing?.policy ?? "RoundRobin"], locality: { distribute: [] } }),
    circuitBreakers: circuitBreakers({ maxConnections }),
    metadata: { filterMetadata: { heddle: { service: service.key } } },
  });
}
