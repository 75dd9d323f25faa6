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

/** A bucket for each route of each sidecar, and for each combination of the values that the policy counts apart. */
export function localRateLimit({ requests, per, burst, by = [] }: RateLimit): Any {
  const always = { defaultValue: fraction(100) };
  const tokenBucket = {
    maxTokens: Math.max(requests, burst ?? requests),
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

function headerValue(headerName: string) {
  return {
    actionSpecifier: { case: "requestHeaders" as const, value: { headerName, descriptorKey: headerName } },
  };
}
