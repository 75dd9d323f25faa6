import type { MessageInitShape } from "@bufbuild/protobuf";
import type { CircuitBreaker, Inbound } from "../api/traffic-policy.ts";
import type { CircuitBreakersSchema } from "../gen/envoy/config/cluster/v3/circuit_breaker_pb.ts";

/** As good as no limit. Envoy's own defaults, of 3 retries at once above all, turn a rollout into a wave of 503. */
const UNLIMITED = 4_294_967_295;

/** Limits on what one sidecar has open to one cluster. */
export function circuitBreakers(policy: CircuitBreaker & Inbound = {}): MessageInitShape<typeof CircuitBreakersSchema> {
  const { maxConnections, maxPendingRequests, maxRequests, retryBudget } = policy;
  return {
    thresholds: [
      {
        maxConnections: maxConnections ?? UNLIMITED,
        maxPendingRequests: maxPendingRequests ?? UNLIMITED,
        maxRequests: maxRequests ?? UNLIMITED,
        maxRetries: UNLIMITED,
        // Envoy lets a budget win over maxRetries.
        ...(retryBudget
          ? {
              retryBudget: {
                budgetPercent: { value: retryBudget.percent },
                minRetryConcurrency: retryBudget.minConcurrency,
              },
            }
          : {}),
      },
    ],
  };
}
