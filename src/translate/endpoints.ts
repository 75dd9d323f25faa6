/** Endpoints of a service port or a subset of it, grouped by locality. */
import { create } from "@bufbuild/protobuf";
import { HealthStatus } from "../gen/envoy/config/core/v3/health_check_pb.ts";
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from "../gen/envoy/config/endpoint/v3/endpoint_pb.ts";
import type { Endpoint, Service, ServicePort } from "../model/snapshot.ts";
import { socketAddress } from "./envoy.ts";
import { outboundCluster } from "./names.ts";

/** The load assignments of one service port: the whole service, then its subsets; none for ExternalName. */
export function endpointsOf(service: Service, port: ServicePort): ClusterLoadAssignment[] {
  if (service.type === "ExternalName") return [];
  const subsets = service.policy?.spec.subsets ?? [];
  return [
    assignment(outboundCluster(service, port.port), port, service.endpoints),
    ...subsets.map(({ name, labels }) =>
      assignment(
        outboundCluster(service, port.port, name),
        port,
        service.endpoints.filter((endpoint) => selects(labels, endpoint.labels)),
      ),
    ),
  ];
}

/** All of `labels` are among `of`. */
export function selects(labels: Readonly<Record<string, string>>, of: Readonly<Record<string, string>>): boolean {
  return Object.entries(labels).every(([name, value]) => of[name] === value);
}

function assignment(
  clusterName: string,
  { name: portName }: ServicePort,
  endpoints: readonly Endpoint[],
): ClusterLoadAssignment {
  const localities = new Map<string, { region: string; zone: string; endpoints: [Endpoint, number][] }>();
  for (const endpoint of endpoints) {
    const port = endpoint.ports[portName];
    if (port === undefined) continue;
    const key = `${endpoint.region}/${endpoint.zone}`;
    let locality = localities.get(key);
    if (!locality) {
      locality = { region: endpoint.region, zone: endpoint.zone, endpoints: [] };
      localities.set(key, locality);
    }
    locality.endpoints.push([endpoint, port]);
  }
  return create(ClusterLoadAssignmentSchema, {
    clusterName,
    endpoints: [...localities]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { region, zone, endpoints: members }]) => ({
        locality: { region, zone },
        // Only counts without a locality policy of its own, and then spreads evenly over endpoints.
        loadBalancingWeight: members.length,
        lbEndpoints: members.map(([endpoint, port]) => ({
          hostIdentifier: { case: "endpoint" as const, value: { address: socketAddress(endpoint.address, port) } },
          // Sent though it takes no traffic: when it becomes ready, the host keeps its connections and statistics.
          healthStatus: endpoint.ready ? HealthStatus.HEALTHY : HealthStatus.UNHEALTHY,
          loadBalancingWeight: 1,
        })),
      })),
  });
}
