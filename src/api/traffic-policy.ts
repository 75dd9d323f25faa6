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
import { tcp } from "./policy-backend.ts";
import { loadBalancing } from "./policy-load-balancing.ts";
import { route } from "./policy-route.ts";
import { absoluteText } from "./policy-filter-rules.ts";
import * as rules from "./policy-rules.ts";
import { exactlyOne, withRules } from "./rule.ts";
import { count, percent, positiveCount, positiveDuration } from "./scalar.ts";

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

const adaptiveConcurrency = z.strictObject({
  percentile: z.number().min(1).max(100).default(50).describe("Of the latencies of an interval, which one counts."),
  updateInterval: withRules(duration, [rules.positive])
    .default(100)
    .describe("How often the limit is set anew. 100ms by default."),
  maxConcurrency: positiveCount.default(1000).describe("The limit is never above this."),
  minLatency: z
    .strictObject({
      interval: withRules(duration, [rules.positive])
        .default(60_000)
        .describe("How often it is measured what an idle application needs. 60s by default."),
      requests: positiveCount.default(50).describe("Requests that are measured each time."),
      concurrency: positiveCount.default(3).describe("Requests at once while it is measured; others get 503."),
      jitterPercent: percent.default(15).describe("Added to the interval at random, so that not all measure at once."),
      tolerancePercent: percent.default(25).describe("How much longer than that is no reason for a lower limit."),
    })
    .prefault({}),
});

const inbound = z.strictObject({
  maxConnections: count
    .optional()
    .describe(
      "Connections of one sidecar to its application at once, by port. Requests beyond wait; of TCP, they are refused.",
    ),
  maxPendingRequests: count.optional().describe("Requests to one application that wait for a connection, by port."),
  maxRequests: count.optional().describe("Requests to one application at once, by port."),
  adaptiveConcurrency: adaptiveConcurrency
    .optional()
    .describe(
      "A limit to the requests at once that finds itself: it falls when the application gets slower. Of HTTP ports.",
    ),
});

const admissionControl = z.strictObject({
  minSuccessPercent: z
    .number()
    .min(1)
    .max(100)
    .default(95)
    .describe(
      "Where fewer requests succeed, some are refused before they are sent. 5xx and failed gRPC calls do not succeed.",
    ),
  window: withRules(duration, [rules.wholeSeconds])
    .default(30_000)
    .describe("How far back successes are counted, in whole seconds. 30s by default."),
  minRequestsPerSecond: count.default(5).describe("Below this nothing is refused."),
  aggression: z.number().min(1).max(100).default(1).describe("The higher, the more is refused for the same failures."),
  maxRejectPercent: z.number().min(0).max(100).default(80).describe("Share of the requests that is refused at most."),
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

const target = withRules(
  z.strictObject({
    group: z
      .enum(["", "heddle.dev"])
      .optional()
      .describe("`heddle.dev` for ExternalService. Default: that of the kind."),
    kind: z.enum(["Service", "ExternalService"]),
    name: dnsLabel,
  }),
  [rules.groupOfKind],
);

const specFields = z.strictObject({
  targetRefs: z
    .array(target)
    .min(1)
    .max(16)
    .describe(
      "Services and ExternalServices of the policy's namespace that it is for. Of several policies for one of them the oldest wins whole.",
    ),
  subsets: z.array(subset).max(32).optional().describe("Named groups of the target's endpoints."),
  routes: z.array(route).max(64).optional().describe("The first that matches a request wins."),
  tcp: tcp
    .optional()
    .describe(
      "What becomes of connections to the target's TCP, TLS and undeclared ports; where the latter carry HTTP, of requests that no route sends elsewhere.",
    ),
  loadBalancing: loadBalancing.optional(),
  connection: connection.optional(),
  circuitBreaker: circuitBreaker.optional().describe("Limits beyond which requests are refused at once."),
  inbound: inbound
    .optional()
    .describe(
      "Limits of the service's own sidecars, whoever calls; requests beyond get 503. Where two Services share a port of a pod the older one's policy counts.",
    ),
  admissionControl: admissionControl
    .optional()
    .describe(
      "Each calling sidecar spares a service that fails: it refuses a share of the requests with 503 by itself.",
    ),
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
export type AdmissionControl = NonNullable<TrafficPolicySpec["admissionControl"]>;
export type AdaptiveConcurrency = NonNullable<Inbound["adaptiveConcurrency"]>;
export type Inbound = NonNullable<TrafficPolicySpec["inbound"]>;
export type HealthCheck = NonNullable<TrafficPolicySpec["healthCheck"]>;
export type OutlierDetection = NonNullable<TrafficPolicySpec["outlierDetection"]>;

export type { Affinity, Distribution, LoadBalancing } from "./policy-load-balancing.ts";
export { LB_POLICIES } from "./policy-load-balancing.ts";
export type { Caller, GrpcMatch, PathMatch, RouteMatch, ValueMatch } from "./policy-match.ts";
export { METHODS } from "./policy-match.ts";
export type { Backend, Mirror, Split } from "./policy-backend.ts";
export type { Retries, Route, Sticky } from "./policy-route.ts";
export { RETRY_CONDITIONS } from "./policy-route.ts";
export type { Cors, DirectResponse, Fault, HeaderEdits, Redirect, Rewrite } from "./policy-filters.ts";
export type { RateLimit, RateLimitService } from "./policy-rate-limit.ts";
