/** Clusters for what a sidecar calls: one a service port, and one a subset of it. */
import { create } from "@bufbuild/protobuf";
import type { Connection, HealthCheck } from "../api/traffic-policy.ts";
import {
  type Cluster,
  Cluster_DiscoveryType,
  Cluster_DnsLookupFamily,
  ClusterSchema,
} from "../gen/envoy/config/cluster/v3/cluster_pb.ts";
import { sentByHttp2 } from "../model/protocol.ts";
import type { ServiceDefinition, ServicePort } from "../model/snapshot.ts";
import { circuitBreakers } from "./circuit-breaker.ts";
import { ads, duration, socketAddress } from "./envoy.ts";
import { externalDiscovery, originatedTls, tlsByHost } from "./external.ts";
import { activeCheck } from "./health-check.ts";
import { balancing, weighted } from "./load-balancing.ts";
import { outboundCluster } from "./names.ts";
import { outlierDetection } from "./outlier-detection.ts";
import { protocolOptions } from "./protocol-options.ts";
import { isSplit } from "./tcp-split.ts";

const CONNECT_TIMEOUT_MS = 5000;

/** The clusters of one service port: the whole service, then its subsets in the policy's order. */
export function clustersOf(service: ServiceDefinition, port: ServicePort): Cluster[] {
  const subsets = service.policy?.spec.subsets ?? [];
  return ["", ...subsets.map(({ name }) => name)].map((subset) => outbound(service, port, subset));
}

function outbound(service: ServiceDefinition, port: ServicePort, subset: string): Cluster {
  const { spec } = service.policy ?? {};
  const { loadBalancing, connection, circuitBreaker, healthCheck, outlierDetection: outliers } = spec ?? {};
  const name = outboundCluster(service, port.port, subset);
  return create(ClusterSchema, {
    name,
    ...discovery(service, port, name),
    connectTimeout: duration(connection?.connectTimeout ?? CONNECT_TIMEOUT_MS),
    ...(subset === "" && isSplit(service, port) ? weighted(loadBalancing) : balancing(loadBalancing)),
    ...(healthCheck && canAnswer(port, healthCheck, connection)
      ? { healthChecks: [activeCheck(healthCheck, service.hostname)] }
      : {}),
    circuitBreakers: circuitBreakers(circuitBreaker),
    ...(outliers ? { outlierDetection: outlierDetection(outliers) } : {}),
    ...(service.external && originatedTls(service.external, port, connection?.http2)),
    typedExtensionProtocolOptions: protocolOptions(port.protocol, connection, {
      admission: spec?.admissionControl,
      tls: service.external && tlsByHost(service.external, port),
    }),
    metadata: { filterMetadata: { heddle: provenance(service, subset) } },
  });
}

/** Envoy refuses a cluster with gRPC checks that does not speak HTTP/2. */
function canAnswer({ protocol }: ServicePort, { grpc }: HealthCheck, connection: Connection | undefined): boolean {
  return !grpc || sentByHttp2(protocol, connection?.http2);
}

/** Which objects a cluster is made of, for whoever reads a dump. */
function provenance(service: ServiceDefinition, subset: string): Record<string, string> {
  return {
    service: service.key,
    ...(subset === "" ? {} : { subset }),
    ...(service.policy ? { policy: service.policy.key } : {}),
  };
}

/** Where a cluster has its endpoints from. */
export function discovery(service: ServiceDefinition, port: ServicePort, name: string) {
  if (service.external) return externalDiscovery(service.external, port, name);
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
