/** What Envoy refuses in clusters although their proto allows it, most of it late, when the cluster is about to warm. */
import type { FieldPath } from "../base/field-path.ts";
import {
  type Cluster,
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
  ClusterSchema,
} from "../gen/envoy/config/cluster/v3/cluster_pb.ts";
import { OutlierDetectionSchema } from "../gen/envoy/config/cluster/v3/outlier_detection_pb.ts";
import { BindConfigSchema } from "../gen/envoy/config/core/v3/address_pb.ts";
import { HealthCheck_HttpHealthCheckSchema } from "../gen/envoy/config/core/v3/health_check_pb.ts";
import { MaglevSchema } from "../gen/envoy/extensions/load_balancing_policies/maglev/v3/maglev_pb.ts";
import { RingHashSchema } from "../gen/envoy/extensions/load_balancing_policies/ring_hash/v3/ring_hash_pb.ts";
import type { Int64Range } from "../gen/envoy/type/v3/range_pb.ts";
import { checkIpSocket } from "./validate-address.ts";
import { checkEndpointAddresses } from "./validate-endpoint.ts";
import type { Findings } from "./validate-findings.ts";
import { typeCheck } from "./validate-walk.ts";

/** Envoy's defaults. */
const MIN_RING = 1024n;
const MAX_RING = 8_388_608n;
const BASE_EJECTION = { seconds: 30n, nanos: 0 };

export const CLUSTER_CHECKS = [
  typeCheck(ClusterSchema, (cluster, found) => {
    checkBalancing(cluster, found);
    checkDiscovery(cluster, found);
  }),
  typeCheck(OutlierDetectionSchema, ({ baseEjectionTime: base = BASE_EJECTION, maxEjectionTime: max }, found) => {
    // Left out, the longest ejection grows with the base.
    if (max && (max.seconds < base.seconds || (max.seconds === base.seconds && max.nanos < base.nanos))) {
      found.add("must not be shorter than base_ejection_time, which is 30s by default", ["max_ejection_time"]);
    }
  }),
  typeCheck(RingHashSchema, (ring, found) => checkRing(ring, [], found)),
  typeCheck(MaglevSchema, ({ tableSize }, found) => checkTable(tableSize, [], found)),
  typeCheck(BindConfigSchema, ({ sourceAddress, extraSourceAddresses }, found) => {
    if (sourceAddress) checkIpSocket(sourceAddress, ["source_address"], found);
    for (const [index, { address }] of extraSourceAddresses.entries()) {
      if (address) checkIpSocket(address, ["extra_source_addresses", index, "address"], found);
    }
  }),
  typeCheck(HealthCheck_HttpHealthCheckSchema, ({ expectedStatuses, retriableStatuses }, found) => {
    checkStatuses(expectedStatuses, "expected_statuses", found);
    checkStatuses(retriableStatuses, "retriable_statuses", found);
  }),
];

function checkBalancing({ lbPolicy, loadBalancingPolicy, lbConfig }: Cluster, found: Findings): void {
  if (loadBalancingPolicy) {
    if (loadBalancingPolicy.policies.length === 0)
      found.add("must not be empty", ["load_balancing_policy", "policies"]);
  } else if (lbPolicy === Cluster_LbPolicy.LOAD_BALANCING_POLICY_CONFIG) {
    found.add("needs load_balancing_policy", ["lb_policy"]);
  } else if (lbPolicy === Cluster_LbPolicy.RING_HASH && lbConfig.case === "ringHashLbConfig") {
    checkRing(lbConfig.value, ["ring_hash_lb_config"], found);
  } else if (lbPolicy === Cluster_LbPolicy.MAGLEV && lbConfig.case === "maglevLbConfig") {
    checkTable(lbConfig.value.tableSize, ["maglev_lb_config"], found);
  }
}

interface Ring {
  readonly minimumRingSize?: bigint | undefined;
  readonly maximumRingSize?: bigint | undefined;
}

function checkRing(
  { minimumRingSize = MIN_RING, maximumRingSize = MAX_RING }: Ring,
  at: FieldPath,
  found: Findings,
): void {
  if (minimumRingSize > maximumRingSize) {
    found.add(`must not be below minimum_ring_size, which is ${minimumRingSize}`, [...at, "maximum_ring_size"]);
  }
}

function checkTable(size: bigint | undefined, at: FieldPath, found: Findings): void {
  // What is above the proto's own limit is reported by that.
  if (size !== undefined && size <= MAX_RING && !isPrime(Number(size))) {
    found.add(`must be a prime number, not ${size}`, [...at, "table_size"]);
  }
}

function isPrime(number: number): boolean {
  for (let factor = 2; factor * factor <= number; factor++) if (number % factor === 0) return false;
  return number > 1;
}

function checkDiscovery(cluster: Cluster, found: Findings): void {
  const { clusterDiscoveryType: discovery, edsClusterConfig, lbPolicy, loadBalancingPolicy } = cluster;
  if (discovery.case === "clusterType") return;
  const type = discovery.value ?? Cluster_DiscoveryType.STATIC;
  const isOriginal = type === Cluster_DiscoveryType.ORIGINAL_DST;
  if (!loadBalancingPolicy && isOriginal !== (lbPolicy === Cluster_LbPolicy.CLUSTER_PROVIDED)) {
    found.add("must be CLUSTER_PROVIDED where, and only where, the type is ORIGINAL_DST", ["lb_policy"]);
  }
  if (type !== Cluster_DiscoveryType.EDS) {
    if (edsClusterConfig) found.add("must be set on clusters of type EDS only", ["eds_cluster_config"]);
  } else if (!edsClusterConfig?.edsConfig) {
    found.add("is required on a cluster of type EDS", ["eds_cluster_config", "eds_config"]);
  }
  checkAssignment(type, cluster, found);
}

function checkAssignment(type: Cluster_DiscoveryType, { loadAssignment }: Cluster, found: Findings): void {
  found.enter("load_assignment");
  if (type === Cluster_DiscoveryType.ORIGINAL_DST && loadAssignment) {
    found.add("must not be set on a cluster of type ORIGINAL_DST");
  }
  if (type === Cluster_DiscoveryType.STATIC && loadAssignment) checkEndpointAddresses(loadAssignment, found);
  if (type === Cluster_DiscoveryType.LOGICAL_DNS) {
    const counts = loadAssignment?.endpoints.map(({ lbEndpoints }) => lbEndpoints.length) ?? [];
    if (counts.length !== 1 || counts[0] !== 1) {
      found.add("must hold one locality with one endpoint on a cluster of type LOGICAL_DNS", ["endpoints"]);
    }
  }
  found.leave();
}

function checkStatuses(ranges: readonly Int64Range[], field: string, found: Findings): void {
  for (const [index, { start, end }] of ranges.entries()) {
    if (start >= end || start < 100n || end > 600n) {
      found.add("must lie within 100 and 600, its end above its start", [field, index]);
    }
  }
}
