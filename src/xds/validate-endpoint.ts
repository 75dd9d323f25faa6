/** What Envoy refuses in endpoints although their proto allows it. */
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from "../gen/envoy/config/endpoint/v3/endpoint_pb.ts";
import { checkIpAddress } from "./validate-address.ts";
import type { Findings } from "./validate-findings.ts";
import { typeCheck } from "./validate-walk.ts";

export const ENDPOINT_CHECKS = [
  typeCheck(ClusterLoadAssignmentSchema, ({ policy }, found) => {
    const { length } = policy?.dropOverloads ?? [];
    if (length > 1) found.add(`must hold at most one, not ${length}`, ["policy", "drop_overloads"]);
  }),
];

/** For endpoints that are used as they stand: those of EDS and of STATIC clusters. Others may be host names. */
export function checkEndpointAddresses({ endpoints }: ClusterLoadAssignment, found: Findings): void {
  for (const [index, { lbEndpoints }] of endpoints.entries()) {
    for (const [inner, { hostIdentifier }] of lbEndpoints.entries()) {
      const at = ["endpoints", index, "lb_endpoints", inner, "endpoint"];
      if (hostIdentifier.case !== "endpoint" || !hostIdentifier.value.address) {
        found.add("needs an address", at);
        continue;
      }
      const { address, additionalAddresses, healthCheckConfig } = hostIdentifier.value;
      checkIpAddress(address, [...at, "address"], found);
      for (const [nth, additional] of additionalAddresses.entries()) {
        checkIpAddress(additional.address, [...at, "additional_addresses", nth, "address"], found);
      }
      checkIpAddress(healthCheckConfig?.address, [...at, "health_check_config", "address"], found);
    }
  }
}
