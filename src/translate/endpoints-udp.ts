/** Endpoints of a UDP port. What changes among them must not end sessions with the others (ADR 11). */
import { create } from "@bufbuild/protobuf";
import { HealthStatus } from "../gen/envoy/config/core/v3/health_check_pb.ts";
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from "../gen/envoy/config/endpoint/v3/endpoint_pb.ts";
import type { Service, ServicePort } from "../model/snapshot.ts";
import type { Closeness } from "./closeness.ts";
import { type Group, groupsOf } from "./endpoints.ts";
import { lbEndpoint } from "./lb-endpoint.ts";
import { outboundUdpCluster } from "./names.ts";

/** Sum of the weights of all ready endpoints, where places have shares. Envoy allows four times as much. */
const TOTAL = 2 ** 30;

/** In percent: one healthy endpoint of a priority takes all of its new sessions. */
const ALL_TO_HEALTHY = 1_000_000;

/** The load assignment as a caller sees it. */
export function udpEndpoints(service: Service, port: ServicePort, closeness: Closeness): ClusterLoadAssignment {
  const endpoints = service.endpoints.filter((endpoint) => closeness.includes(endpoint));
  const leaving = endpoints.some(({ ready, serving, terminating }) => !ready && serving && terminating);
  const groups = groupsOf(port, endpoints, closeness);
  const sum = groups.reduce((all, group) => all + (readyOf(group) === 0 ? 0 : (group.weight ?? 0)), 0);
  const byDistance = Map.groupBy(groups, ({ distance }) => distance);
  return create(ClusterLoadAssignmentSchema, {
    clusterName: outboundUdpCluster(service, port.port),
    endpoints: [...byDistance].map(([distance, places]) => ({
      // Nowhere, and priorities with gaps: of an endpoint that changes either, Envoy 1.37 ends the sessions.
      locality: {},
      priority: distance - closeness.nearest,
      lbEndpoints: places.flatMap((place) =>
        place.endpoints.map(([endpoint, number]) => {
          const share = endpoint.ready && place.weight !== undefined ? place.weight / sum / readyOf(place) : 0;
          // A draining endpoint would lose its sessions with their next datagram; a degraded one keeps them.
          return lbEndpoint(endpoint, number, Math.max(1, Math.round(share * TOTAL)), HealthStatus.DEGRADED);
        }),
      ),
    })),
    // Envoy would give degraded endpoints new sessions where fewer than five in seven are healthy.
    ...(leaving && { policy: { overprovisioningFactor: ALL_TO_HEALTHY } }),
  });
}

function readyOf({ endpoints }: Group): number {
  return endpoints.filter(([{ ready }]) => ready).length;
}
