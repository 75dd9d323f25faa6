/** Endpoints of a service port or a subset of it, grouped by locality. */
import { create } from "@bufbuild/protobuf";
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from "../gen/envoy/config/endpoint/v3/endpoint_pb.ts";
import type { Endpoint, Service, ServicePort } from "../model/snapshot.ts";
import type { Closeness, Place } from "./closeness.ts";
import { lbEndpoint } from "./lb-endpoint.ts";
import { outboundCluster } from "./names.ts";
import { splitAssignment, type TcpSplit } from "./tcp-split.ts";

/** The load assignments of one service port, as a caller sees them: the whole service, then its subsets; none where Envoy resolves names. */
export function endpointsOf(
  service: Service,
  port: ServicePort,
  closeness: Closeness,
  split?: TcpSplit,
): ClusterLoadAssignment[] {
  if (service.type === "ExternalName" || service.external) return [];
  const subsets = service.policy?.spec.subsets ?? [];
  const endpoints = service.endpoints.filter((endpoint) => closeness.includes(endpoint));
  const whole = outboundCluster(service, port.port);
  return [
    split ? splitAssignment(whole, split) : assignment(whole, port, endpoints, closeness),
    ...subsets.map(({ name, labels }) =>
      assignment(
        outboundCluster(service, port.port, name),
        port,
        endpoints.filter((endpoint) => selects(labels, endpoint.labels)),
        closeness,
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
  port: ServicePort,
  endpoints: readonly Endpoint[],
  closeness: Closeness,
): ClusterLoadAssignment {
  const groups = groupsOf(port, endpoints, closeness);
  // Envoy's priorities have no gaps.
  const priorities = [...new Set(groups.map(({ distance }) => distance))];
  return create(ClusterLoadAssignmentSchema, {
    clusterName,
    endpoints: groups.map(({ distance, region, zone, weight, endpoints: members }) => ({
      locality: { region, zone },
      priority: priorities.indexOf(distance),
      // Without shares of places Envoy does not look at it.
      loadBalancingWeight: weight ?? members.length,
      lbEndpoints: members.map(([endpoint, number]) => lbEndpoint(endpoint, number, 1)),
    })),
  });
}

/** Endpoints of one place, with the number that they have for a service port. */
export interface Group extends Place {
  readonly endpoints: readonly (readonly [Endpoint, number])[];
}

/** The endpoints that have the port by place, nearest first. */
export function groupsOf(
  { name: portName }: ServicePort,
  endpoints: readonly Endpoint[],
  closeness: Closeness,
): readonly Group[] {
  const groups = new Map<string, Place & { readonly endpoints: [Endpoint, number][] }>();
  for (const endpoint of endpoints) {
    const port = endpoint.ports[portName];
    if (port === undefined) continue;
    const place = closeness.placeOf(endpoint);
    const key = `${place.distance} ${place.region}/${place.zone}`;
    const group = groups.get(key);
    if (group) group.endpoints.push([endpoint, port]);
    else groups.set(key, { ...place, endpoints: [[endpoint, port]] });
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}
