import { create } from "@bufbuild/protobuf";
import { HealthStatus } from "../gen/envoy/config/core/v3/health_check_pb.ts";
import { type LbEndpoint, LbEndpointSchema } from "../gen/envoy/config/endpoint/v3/endpoint_components_pb.ts";
import type { Endpoint } from "../model/snapshot.ts";
import { socketAddress } from "./envoy.ts";

/**
 * @param weight share of the requests, relative to its neighbours'; at least 1
 * @param leaving the health of one that is terminating and still serves
 */
export function lbEndpoint(
  endpoint: Endpoint,
  port: number,
  weight: number,
  leaving: HealthStatus = HealthStatus.DRAINING,
): LbEndpoint {
  return create(LbEndpointSchema, {
    hostIdentifier: { case: "endpoint", value: { address: socketAddress(endpoint.address, port) } },
    healthStatus: healthOf(endpoint, leaving),
    loadBalancingWeight: weight,
  });
}

/**
 * Endpoints that take no traffic are sent too: when one becomes ready, the host keeps its connections and statistics. One that is
 * terminating and still serves keeps its sessions, but gets no new ones.
 */
function healthOf({ ready, serving, terminating }: Endpoint, leaving: HealthStatus): HealthStatus {
  if (ready) return HealthStatus.HEALTHY;
  return serving && terminating ? leaving : HealthStatus.UNHEALTHY;
}
