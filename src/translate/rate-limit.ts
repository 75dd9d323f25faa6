/** Rate limits: buckets in the sidecar that sends, which all of its workers share. */
import { create } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import type { RateLimit } from "../api/traffic-policy.ts";
import { RateLimitSchema } from "../gen/envoy/config/route/v3/route_components_pb.ts";
import { XRateLimitHeadersRFCVersion } from "../gen/envoy/extensions/common/ratelimit/v3/ratelimit_pb.ts";
import { LocalRateLimitSchema } from "../gen/envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit_pb.ts";
import { RATE_LIMIT_STATS } from "./connection-manager.ts";
import { duration, fraction, pack } from "./envoy.ts";

/** Combinations of values that have a bucket of their own; the one not seen for the longest time loses its bucket first. */
const MAX_BUCKETS = 10_000;

/**
 * A bucket for each route of each sidecar, and for each combination of the values that the policy counts apart.
 *
 * @param fleetSize sidecars of the caller's workload, see `fleet.ts`
 */
export function localRateLimit(limit: RateLimit & { readonly requests: number }, fleetSize: number): Any {
  const { requests, per, scope, by = [] } = limit;
  const always = { defaultValue: fraction(100) };
  const tokenBucket = {
    maxTokens: capacity(limit, fleetSize),
    tokensPerFill: requests,
    fillInterval: duration(per),
  };
  const headers = by.flatMap(({ header }) => header?.toLowerCase() ?? []);
  return pack(LocalRateLimitSchema, {
    statPrefix: RATE_LIMIT_STATS,
    tokenBucket,
    filterEnabled: always,
    filterEnforced: always,
    enableXRatelimitHeaders: XRateLimitHeadersRFCVersion.DRAFT_VERSION_03,
    ...(scope === "Fleet" && { localClusterRateLimit: {} }),
    ...(headers.length > 0 && {
      rateLimits: [create(RateLimitSchema, { actions: headers.map(headerValue) })],
      // A descriptor without a value stands for every value.
      descriptors: [{ entries: headers.map((key) => ({ key })), tokenBucket }],
      maxDynamicDescriptors: MAX_BUCKETS,
      // The bucket of the route is for requests that lack a header.
      alwaysConsumeDefaultTokenBucket: false,
    }),
  });
}

/**
 * Of a fleet of n each sidecar's bucket is filled as if it were alone, and a request takes n tokens out of it: one that holds fewer
 * would never let anything through.
 */
function capacity({ requests = 0, burst, scope }: RateLimit, fleetSize: number): number {
  return Math.max(requests, burst ?? requests, scope === "Fleet" ? fleetSize : 0);
}

/** The size of the caller's fleet where it changes a bucket of these limits, else "". */
export function fleetKey(limits: readonly RateLimit[], fleetSize: number): string {
  return limits.some((limit) => capacity(limit, 0) < capacity(limit, fleetSize)) ? String(fleetSize) : "";
}

function headerValue(headerName: string) {
  return {
    actionSpecifier: { case: "requestHeaders" as const, value: { headerName, descriptorKey: headerName } },
  };
}
