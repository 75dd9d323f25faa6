/** The cluster of a UDP port. */
import { create } from "@bufbuild/protobuf";
import { type Cluster, ClusterSchema } from "../gen/envoy/config/cluster/v3/cluster_pb.ts";
import type { ServiceDefinition, ServicePort } from "../model/snapshot.ts";
import { circuitBreakers } from "./circuit-breaker.ts";
import { discovery } from "./cluster.ts";
import { weighted } from "./load-balancing.ts";
import { outboundUdpCluster } from "./names.ts";

/**
 * Envoy ends all sessions of a cluster that changes, so that as little of a policy as can be is in it: how endpoints are chosen,
 * and how many sessions there may be. Everything about places is in the endpoints (ADR 11).
 */
export function udpCluster(service: ServiceDefinition, port: ServicePort): Cluster {
  const { loadBalancing, circuitBreaker } = service.policy?.spec ?? {};
  const name = outboundUdpCluster(service, port.port);
  return create(ClusterSchema, {
    name,
    ...discovery(service, port, name),
    // A session is no request: Envoy does not know how many an endpoint has, so that turns are what divides them evenly.
    ...weighted(loadBalancing?.policy && { policy: loadBalancing.policy }),
    circuitBreakers: circuitBreakers({ maxConnections: circuitBreaker?.maxConnections }),
    metadata: { filterMetadata: { heddle: { service: service.key } } },
  });
}
