/** Which endpoint of a service gets a request. */
import { z } from "zod";
import { duration } from "./duration.ts";
import * as rules from "./policy-load-balancing-rules.ts";
import { exactlyOne, withRules } from "./rule.ts";
import { cookieName, cookiePath, headerName, positiveDuration } from "./scalar.ts";

export const LB_POLICIES = ["RoundRobin", "LeastRequest", "Random", "RingHash", "Maglev"] as const;

const hashOn = withRules(
  z.strictObject({
    header: headerName.optional(),
    cookie: cookieName.optional(),
    query: z.string().min(1).max(256).optional(),
    sourceIP: z.literal(true).optional().describe("The caller's address."),
  }),
  [exactlyOne(["header", "cookie", "query", "sourceIP"])],
);

const placeName = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/, "must be the name of a region or zone");
const share = withRules(
  z.strictObject({
    region: placeName.optional(),
    zone: placeName.optional(),
    weight: z.int().min(1).max(1_000_000).describe("Share of the requests, relative to the sum of all."),
  }),
  [rules.somePlace],
);
const distribution = z.strictObject({
  from: z
    .string()
    .min(1)
    .max(127)
    .regex(
      /^(\*|[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?(\/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?)$/,
      "must be a region, region/zone, or *",
    )
    .describe("Where the caller is: region, region/zone, or * for anywhere. The first that holds counts."),
  to: withRules(z.array(share).min(1).max(16), [rules.places]).describe(
    "Places and their shares; an endpoint counts to the first place that it is in. Places that are not named get nothing. Of a place with too few ready endpoints a part goes to the others.",
  ),
});
const locality = withRules(
  z.strictObject({
    failover: z
      .boolean()
      .optional()
      .describe(
        "Endpoints of the caller's own zone first, then of its region, then others: as many requests go on to the next as the nearer ones have too few ready endpoints for. Outlier detection is not needed for it. true where `distribute` is not given.",
      ),
    distribute: z
      .array(distribution)
      .min(1)
      .max(16)
      .optional()
      .describe(
        "Fixed shares for regions and zones, by where the caller is. A caller that none is for reaches all endpoints alike.",
      ),
  }),
  [rules.oneLocalityRule, rules.callers],
);

const affinity = withRules(
  z.strictObject({
    cookie: z
      .strictObject({
        name: cookieName.describe("Not one of the application's own."),
        ttl: duration.optional().describe("How long the browser keeps it; without, until it is closed."),
        path: cookiePath.default("/"),
      })
      .optional()
      .describe("The answer to the first request of a session sets it."),
    header: headerName.optional().describe("The answer carries it; the caller sends it with further requests."),
    strict: z
      .boolean()
      .default(false)
      .describe("Where the endpoint is gone, 503 is answered instead of giving the session to another one."),
  }),
  [exactlyOne(["cookie", "header"])],
);

export const loadBalancing = withRules(
  z.strictObject({
    policy: z.enum(LB_POLICIES).default("LeastRequest"),
    hashOn: hashOn.optional().describe("What RingHash and Maglev hash on."),
    boundedLoad: z
      .strictObject({
        percent: z
          .int()
          .min(101)
          .max(1000)
          .describe(
            "Most requests that one endpoint may have at once, in percent of the average; others go to the next one.",
          ),
      })
      .optional()
      .describe("No endpoint gets too much for being hashed to. With RingHash and Maglev."),
    affinity: affinity
      .optional()
      .describe(
        "All requests of a session go to the endpoint of its first one, whatever is added or taken away; to one that is terminating too, for as long as it serves. New sessions are balanced.",
      ),
    slowStart: positiveDuration
      .optional()
      .describe("A new endpoint gets its full share only after this time. With RoundRobin and LeastRequest."),
    locality: locality.optional().describe("By default the Service's trafficDistribution decides."),
  }),
  [rules.hashing, rules.slowStart, rules.boundedLoad],
);

export type LoadBalancing = z.output<typeof loadBalancing>;
export type Distribution = z.output<typeof distribution>;
export type Affinity = z.output<typeof affinity>;
