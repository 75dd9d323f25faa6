/** Clusters for what a sidecar calls: one a service port, and one a subset of it. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { Connection, HealthCheck, LoadBalancing } from "../api/traffic-policy.ts";
import {
  type Cluster,
  Cluster_DiscoveryType,
  Cluster_DnsLookupFamily,
  Cluster_LbPolicy,
  ClusterSchema,
} from "../gen/envoy/config/cluster/v3/cluster_pb.ts";
import { sentByHttp2 } from "../model/protocol.ts";
import type { Service, ServicePort } from "../model/snapshot.ts";
import { circuitBreakers } from "./circuit-breaker.ts";
import { ads, duration, socketAddress } from "./envoy.ts";
import { activeCheck } from "./health-check.ts";
import { outboundCluster } from "./names.ts";
import { outlierDetection } from "./outlier-detection.ts";
import { protocolOptions } from "./protocol-options.ts";

type ClusterInit = Exclude<MessageInitShape<typeof ClusterSchema>, Cluster>;

const CONNECT_TIMEOUT_MS = 5000;

const LB_POLICY: Readonly<Record<LoadBalancing["policy"], Cluster_LbPolicy>> = {
  RoundRobin: Cluster_LbPolicy.ROUND_ROBIN,
  LeastRequest: Cluster_LbPolicy.LEAST_REQUEST,
  Random: Cluster_LbPolicy.RANDOM,
  RingHash: Cluster_LbPolicy.RING_HASH,
  Maglev: Cluster_LbPolicy.MAGLEV,
};

/** The clusters of one service port: the whole service, then its subsets in the policy's order. */
export function clustersOf(service: Service, port: ServicePort): Cluster[] {
  const subsets = service.policy?.spec.subsets ?? [];
  return ["", ...subsets.map(({ name }) => name)].map((subset) => outbound(service, port, subset));
}

function outbound(service: Service, port: ServicePort, subset: string): Cluster {
  const { spec } = service.policy ?? {};
  const { loadBalancing, connection, circuitBreaker, healthCheck, outlierDetection: outliers } = spec ?? {};
  const name = outboundCluster(service, port.port, subset);
  return create(ClusterSchema, {
    name,
    ...discovery(service, port, name),
    connectTimeout: duration(connection?.connectTimeout ?? CONNECT_TIMEOUT_MS),
    lbPolicy: LB_POLICY[loadBalancing?.policy ?? "LeastRequest"],
    ...slowStart(loadBalancing),
    ...(healthCheck && canAnswer(port, healthCheck, connection)
      ? { healthChecks: [activeCheck(healthCheck, service.hostname)] }
      : {}),
    // Endpoints that are not ready are sent as unhealthy; in panic Envoy would use them all the same.
    commonLbConfig: { healthyPanicThreshold: { value: 0 } },
    circuitBreakers: circuitBreakers(circuitBreaker),
    ...(outliers ? { outlierDetection: outlierDetection(outliers) } : {}),
    typedExtensionProtocolOptions: protocolOptions(port.protocol, connection, spec?.admissionControl),
    metadata: { filterMetadata: { heddle: provenance(service, subset) } },
  });
}

/** Envoy refuses a cluster with gRPC checks that does not speak HTTP/2. */
function canAnswer({ protocol }: ServicePort, { grpc }: HealthCheck, connection: Connection | undefined): boolean {
  return !grpc || sentByHttp2(protocol, connection?.http2);
}

function slowStart(loadBalancing: LoadBalancing | undefined): Pick<ClusterInit, "lbConfig"> {
  if (loadBalancing?.slowStart === undefined) return {};
  const slowStartConfig = { slowStartWindow: duration(loadBalancing.slowStart) };
  return loadBalancing.policy === "RoundRobin"
    ? { lbConfig: { case: "roundRobinLbConfig", value: { slowStartConfig } } }
    : { lbConfig: { case: "leastRequestLbConfig", value: { slowStartConfig } } };
}

/** Which objects a cluster is made of, for whoever reads a dump. */
function provenance(service: Service, subset: string): Record<string, string> {
  return {
    service: service.key,
    ...(subset === "" ? {} : { subset }),
    ...(service.policy ? { policy: service.policy.key } : {}),
  };
}

function discovery(service: Service, port: ServicePort, name: string) {
  if (service.type !== "ExternalName") {
    return {
      clusterDiscoveryType: { case: "type" as const, value: Cluster_DiscoveryType.EDS },
      edsClusterConfig: { edsConfig: ads() },
    };
  }
  // One address at a time and no sooner than the record's TTL: a strict DNS cluster in each sidecar floods name servers.
  return {
    clusterDiscoveryType: { case: "type" as const, value: Cluster_DiscoveryType.LOGICAL_DNS },
    respectDnsTtl: true,
    dnsLookupFamily: Cluster_DnsLookupFamily.V4_PREFERRED,
    loadAssignment: {
      clusterName: name,
      endpoints: [
        {
          lbEndpoints: [
            {
              hostIdentifier: {
                case: "endpoint" as const,
                value: { address: socketAddress(service.externalName ?? service.hostname, port.port) },
              },
            },
          ],
        },
      ],
    },
  };
}
