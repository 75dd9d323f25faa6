import { create } from "@bufbuild/protobuf";
import type { Retries } from "../api/traffic-policy.ts";
import {
  type RetryPolicy,
  RetryPolicy_ResetHeaderFormat,
  RetryPolicySchema,
} from "../gen/envoy/config/route/v3/route_components_pb.ts";
import { PreviousHostsPredicateSchema } from "../gen/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.ts";
import { duration, pack } from "./envoy.ts";

/** Failures after which the request cannot have been acted on: safe to try again whatever the method. */
const SAFE = ["connect-failure", "refused-stream", "reset-before-request"] as const;

const DEFAULT: Retries = { attempts: 2 };
/** Envoy's default; a maximum must not be below the base. */
const BASE_BACKOFF_MS = 25;
/**
 * How often the balancer is asked again when it names an endpoint that was tried already. Many times, since a dead endpoint
 * has no request in flight and so is what LeastRequest likes best.
 */
const HOST_ATTEMPTS = 32n;

/**
 * The retry policy of a route; undefined when retries are off.
 *
 * @param otherHost try another endpoint each time; pointless where a hash names the endpoint
 */
export function retryPolicy(retries: Retries = DEFAULT, otherHost = true): RetryPolicy | undefined {
  if (retries.attempts === 0) return undefined;
  const { attempts, perTryTimeout, onStatus, backoff, retryAfter } = retries;
  const base = backoff?.base ?? BASE_BACKOFF_MS;
  return create(RetryPolicySchema, {
    retryOn: conditionsOf(retries).join(","),
    numRetries: attempts,
    ...(perTryTimeout ? { perTryTimeout: duration(perTryTimeout) } : {}),
    retriableStatusCodes: onStatus ?? [],
    ...(otherHost
      ? {
          retryHostPredicate: [
            {
              name: "previous_hosts",
              configType: { case: "typedConfig", value: pack(PreviousHostsPredicateSchema, {}) },
            },
          ],
          hostSelectionRetryMaxAttempts: HOST_ATTEMPTS,
        }
      : {}),
    ...(retryAfter
      ? {
          rateLimitedRetryBackOff: {
            resetHeaders: [{ name: "Retry-After", format: RetryPolicy_ResetHeaderFormat.SECONDS }],
            maxInterval: duration(retryAfter.max),
          },
        }
      : {}),
    ...(backoff
      ? {
          retryBackOff: {
            baseInterval: duration(Math.max(base, 1)),
            ...(backoff.max === undefined ? {} : { maxInterval: duration(Math.max(backoff.max, base, 1)) }),
          },
        }
      : {}),
  });
}

function conditionsOf({ conditions = [], on = [], onStatus }: Retries): readonly string[] {
  const named = [...new Set<string>([...conditions, ...on]), ...(onStatus ? ["retriable-status-codes"] : [])];
  return named.length > 0 ? named : SAFE;
}
