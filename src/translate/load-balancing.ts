/** How a cluster chooses among its endpoints. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { LoadBalancing } from "../api/traffic-policy.ts";
import { type Cluster, Cluster_LbPolicy, type ClusterSchema } from "../gen/envoy/config/cluster/v3/cluster_pb.ts";
import { HealthStatus } from "../gen/envoy/config/core/v3/health_check_pb.ts";
import { duration } from "./envoy.ts";

type ClusterInit = Exclude<MessageInitShape<typeof ClusterSchema>, Cluster>;

const LB_POLICY: Readonly<Record<LoadBalancing["policy"], Cluster_LbPolicy>> = {
  RoundRobin: Cluster_LbPolicy.ROUND_ROBIN,
  LeastRequest: Cluster_LbPolicy.LEAST_REQUEST,
  Random: Cluster_LbPolicy.RANDOM,
  RingHash: Cluster_LbPolicy.RING_HASH,
  Maglev: Cluster_LbPolicy.MAGLEV,
};

/** Endpoints that a session may still be sent to: what takes new ones, and what is on its way out. */
const KEEP_SESSIONS = [HealthStatus.UNKNOWN, HealthStatus.HEALTHY, HealthStatus.DEGRADED, HealthStatus.DRAINING];

/**
 * Envoy tells its workers of a first change in endpoints' health at once, and of those that follow within this time at its end.
 * Its own second would have a zone that dies served until then: its first endpoint is left at once, the others are not.
 */
const HEALTH_MERGE_MS = 20;

/** @param given what the policy says, if anything */
export function balancing(
  given: LoadBalancing | undefined,
): Pick<ClusterInit, "lbPolicy" | "lbConfig" | "commonLbConfig"> {
  const { boundedLoad, affinity, locality } = given ?? {};
  return {
    lbPolicy: LB_POLICY[given?.policy ?? "LeastRequest"],
    ...slowStart(given),
    commonLbConfig: {
      // Endpoints that are not ready are sent as unhealthy; in panic Envoy would use them all the same.
      healthyPanicThreshold: { value: 0 },
      updateMergeWindow: duration(HEALTH_MERGE_MS),
      ...(boundedLoad && { consistentHashingLbConfig: { hashBalanceFactor: boundedLoad.percent } }),
      ...(locality?.distribute && { localityConfigSpecifier: { case: "localityWeightedLbConfig", value: {} } }),
      ...(affinity && { overrideHostStatus: { statuses: KEEP_SESSIONS } }),
    },
  };
}

/**
 * As `balancing`, for endpoints whose weights are shares: RoundRobin keeps to them exactly. Random does not look at weights, and
 * LeastRequest evens out what is open, so that long connections would end up near the square roots of the shares.
 */
export function weighted(given: LoadBalancing | undefined): ReturnType<typeof balancing> {
  const { policy = "LeastRequest", locality: _, ...rest } = given ?? {};
  const keeps = policy === "RingHash" || policy === "Maglev";
  return balancing({ ...rest, policy: keeps ? policy : "RoundRobin" });
}

function slowStart(given: LoadBalancing | undefined): Pick<ClusterInit, "lbConfig"> {
  if (given?.slowStart === undefined) return {};
  const slowStartConfig = { slowStartWindow: duration(given.slowStart) };
  return given.policy === "RoundRobin"
    ? { lbConfig: { case: "roundRobinLbConfig", value: { slowStartConfig } } }
    : { lbConfig: { case: "leastRequestLbConfig", value: { slowStartConfig } } };
}
