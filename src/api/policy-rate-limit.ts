/** How many requests a route of a TrafficPolicy lets through. */
import { z } from "zod";
import { duration } from "./duration.ts";
import * as rules from "./policy-rate-limit-rules.ts";
import { exactlyOne, withRules } from "./rule.ts";
import { headerName, port, serviceName } from "./scalar.ts";

const requests = z.int().min(1).max(1_000_000_000);
const text = z.string().min(1).max(256);

const key = withRules(
  z.strictObject({
    header: headerName.optional().describe("Each value of this header; requests without it are counted together."),
    caller: z.literal(true).optional().describe("The calling workload, whose counts are its own in any case."),
  }),
  [exactlyOne(["header", "caller"])],
);

const service = z.strictObject({
  name: serviceName.describe("The Service that is asked: its name in the policy's namespace, or name.namespace."),
  port: port.describe("Its port, where it takes gRPC."),
  domain: text.default("heddle").describe("The domain of the service's configuration that counts."),
  descriptors: z
    .array(z.strictObject({ key: text, value: text }))
    .min(1)
    .max(8)
    .optional()
    .describe(
      "Told with each request, before what `by` names: a header by its name in lower case, the caller as caller = namespace/serviceAccount. A request without a header of `by` is not limited.",
    ),
  failureMode: z
    .enum(["Allow", "Deny"])
    .default("Allow")
    .describe("What happens to requests while the service gives no answer within 100ms. Those denied get 503."),
});

export const rateLimit = withRules(
  z.strictObject({
    requests: requests.optional().describe("Requests that may be sent in `per`; others get 429."),
    per: withRules(duration, [rules.refill]).default(1000).describe("1s by default."),
    burst: requests.optional().describe("Requests at once after a quiet time; as many as `requests` by default."),
    scope: z
      .enum(["Sidecar", "Fleet"])
      .default("Sidecar")
      .describe(
        "Who has the limit: each calling sidecar, or all sidecars of the calling workload together, in equal shares. A workload is the ready pods of one service account with the same label app.kubernetes.io/name, or app where they have none.",
      ),
    by: z
      .array(key)
      .min(1)
      .max(4)
      .optional()
      .describe(
        "What is counted apart, each with the whole limit. A sidecar remembers the 10 000 combinations of values that it saw last.",
      ),
    service: service
      .optional()
      .describe(
        "A rate-limit service that counts for the whole mesh, by Envoy's protocol (envoy.service.ratelimit.v3). One for all policies: the oldest policy's.",
      ),
  }),
  rules.rateLimit,
);

export type RateLimit = z.output<typeof rateLimit>;
export type RateLimitService = z.output<typeof service>;
