/**
 * `TrafficPolicy`, group `heddle.dev/v1alpha1`: everything that a platform engineer says of the traffic to a Service, in
 * one object. The schema is the single source of the TypeScript types, the defaults, the CRD and the reference: what a field
 * means stands in its `describe`.
 *
 * Durations are strings in manifests and milliseconds here; percentages are 0 to 100.
 */
import { z } from "zod";
import { duration } from "./duration.ts";
import { dnsLabel, dnsSubdomain, labelKey, labelValue, objectMeta, type ObjectMeta } from "./object-meta.ts";
import { loadBalancing } from "./policy-load-balancing.ts";
import { route } from "./policy-route.ts";
import { absoluteText } from "./policy-filter-rules.ts";
import * as rules from "./policy-rules.ts";
import { exactlyOne, withRules } from "./rule.ts";
import { count, percent, positiveDuration } from "./scalar.ts";

const subset = z.strictObject({
  name: dnsLabel,
  labels: withRules(z.record(labelKey, labelValue).meta({ maxProperties: 16 }), [rules.labelCount]).describe(
    "Pod labels, all of which must be equal.",
  ),
});

const connection = z.strictObject({
  connectTimeout: positiveDuration.optional().describe("Longest time to connect to an endpoint."),
  idleTimeout: duration.optional().describe("A connection without requests is closed after this; 0s is never."),
  maxRequestsPerConnection: count.optional().describe("0 is no limit."),
  http2: z.boolean().optional().describe("Speak HTTP/2 to the endpoints. By default the port's protocol decides."),
  websocket: z.boolean().optional().describe("Allow WebSocket upgrades; they are by default."),
});

const circuitBreaker = z.strictObject({
  maxConnections: count.optional().describe("Connections of one sidecar to the service at once."),
  maxPendingRequests: count.optional().describe("Requests of one sidecar that wait for a connection."),
  maxRequests: count.optional().describe("Requests of one sidecar at once."),
  retryBudget: z
    .strictObject({
      percent: percent.default(20).describe("Retries at once, as a share of the active requests."),
      minConcurrency: count.default(3).describe("Retries at once that are always allowed."),
    })
    .optional(),
});

/** Below these a share says nothing. */
const statistics = {
  minEndpoints: z.int().min(1).max(1_000_000).default(5).describe("Endpoints with enough requests that it takes."),
  minRequests: z
    .int()
    .min(1)
    .max(1_000_000_000)
    .default(100)
    .describe("Requests of an endpoint in one interval that it takes."),
};
const outlierDetection = z.strictObject({
  consecutive5xx: count.optional().describe("Answers of 5xx in a row that eject an endpoint; 0 switches it off."),
  consecutiveGatewayErrors: count
    .optional()
    .describe("Answers of 502, 503 or 504 in a row that eject an endpoint; 0 switches it off."),
  consecutiveLocalErrors: count
    .optional()
    .describe("Connections in a row that fail, time out or break; counted apart from answers where it is given."),
  successRate: z
    .strictObject({
      deviations: z.number().min(0.1).max(100).default(1.9).describe("Standard deviations below the mean that eject."),
      ...statistics,
    })
    .optional()
    .describe("Ejects endpoints that succeed less often than the others."),
  failurePercentage: z
    .strictObject({
      threshold: z.int().min(1).max(100).default(85).describe("Share of failures that ejects."),
      ...statistics,
    })
    .optional()
    .describe("Ejects endpoints by their own share of failures."),
  interval: positiveDuration.optional().describe("Time between two looks at what is ejected."),
  baseEjectionTime: withRules(duration, [rules.positive, rules.ejectionTime])
    .optional()
    .describe("How long an endpoint is out, times the ejections so far. At most 300s."),
  maxEjectionPercent: z.int().min(0).max(100).optional().describe("Share of the endpoints that may be out at once."),
});

const healthCheck = withRules(
  z.strictObject({
    http: z
      .strictObject({
        path: withRules(z.string().min(1).max(1024), [absoluteText]).default("/"),
        host: z.string().min(1).max(253).optional().describe("The host header; the service's name by default."),
        expectedStatus: z.int().min(100).max(599).default(200),
      })
      .optional(),
    grpc: z.strictObject({ service: z.string().max(253).optional() }).optional(),
    tcp: z.strictObject({}).optional().describe("A connection is opened."),
    interval: positiveDuration
      .default(5000)
      .describe("Time between two checks of one endpoint by one sidecar. 5s by default."),
    timeout: positiveDuration.default(1000).describe("1s by default."),
    unhealthyThreshold: z.int().min(1).max(100).default(3).describe("Failures in a row that take an endpoint out."),
    healthyThreshold: z.int().min(1).max(100).default(2).describe("Successes in a row that take it back."),
  }),
  [exactlyOne(["http", "grpc", "tcp"])],
);

const specFields = z.strictObject({
  targetRefs: z
    .array(z.strictObject({ group: z.literal("").optional(), kind: z.literal("Service"), name: dnsLabel }))
    .min(1)
    .max(16)
    .describe(
      "Services of the policy's namespace that it is for. Of several policies for one Service the oldest wins whole.",
    ),
  subsets: z.array(subset).max(32).optional().describe("Named groups of the target's endpoints."),
  routes: z.array(route).max(64).optional().describe("The first that matches a request wins."),
  loadBalancing: loadBalancing.optional(),
  connection: connection.optional(),
  circuitBreaker: circuitBreaker.optional().describe("Limits beyond which requests are refused at once."),
  healthCheck: healthCheck
    .optional()
    .describe("Every sidecar that calls the service asks each endpoint whether it is well: mind the sum of all."),
  outlierDetection: outlierDetection.optional().describe("Takes endpoints that fail out of the rotation for a while."),
});

export const trafficPolicySpec = withRules(specFields, rules.spec);

export interface TrafficPolicyObject {
  readonly kind: "TrafficPolicy";
  readonly meta: ObjectMeta;
  readonly spec: TrafficPolicySpec;
}

export const trafficPolicyObject: z.ZodType<TrafficPolicyObject> = z
  .strictObject({
    apiVersion: z.string(),
    kind: z.string(),
    metadata: objectMeta(dnsSubdomain, "namespaced"),
    spec: trafficPolicySpec,
    /** Written by Heddle, never read. */
    status: z.unknown().optional(),
  })
  .transform(({ metadata, spec }) => ({ kind: "TrafficPolicy" as const, meta: metadata, spec }));

/** The spec with defaults applied and durations in milliseconds. */
export type TrafficPolicySpec = z.output<typeof trafficPolicySpec>;
export type Subset = NonNullable<TrafficPolicySpec["subsets"]>[number];
export type Connection = NonNullable<TrafficPolicySpec["connection"]>;
export type CircuitBreaker = NonNullable<TrafficPolicySpec["circuitBreaker"]>;
export type HealthCheck = NonNullable<TrafficPolicySpec["healthCheck"]>;
export type OutlierDetection = NonNullable<TrafficPolicySpec["outlierDetection"]>;

export type { Affinity, Distribution, LoadBalancing } from "./policy-load-balancing.ts";
export { LB_POLICIES } from "./policy-load-balancing.ts";
export type { Caller, PathMatch, RouteMatch, ValueMatch } from "./policy-match.ts";
export { METHODS } from "./policy-match.ts";
export type { Backend, Mirror, Retries, Route, Split, Sticky } from "./policy-route.ts";
export { RETRY_CONDITIONS } from "./policy-route.ts";
export type { Cors, DirectResponse, Fault, HeaderEdits, RateLimit, Redirect, Rewrite } from "./policy-filters.ts";
