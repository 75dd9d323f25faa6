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
import * as rules from "./policy-rules.ts";
import { exactlyOne, withRules } from "./rule.ts";

const headerName = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/, "must be an HTTP header name");
const port = z.int().min(1).max(65535);
const percent = z.number().min(0).max(100);
const count = z.int().min(0).max(4_294_967_295);
const positiveDuration = withRules(duration, [rules.positive]);
const cookieName = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/, "must be a cookie name");

/** How a header, query parameter or cookie is compared; exactly one comparison must be given. */
const valueMatch = {
  exact: z.string().max(4096).optional().describe("The whole value."),
  prefix: z.string().min(1).max(4096).optional().describe("What the value starts with."),
  suffix: z.string().min(1).max(4096).optional().describe("What the value ends with."),
  contains: z.string().min(1).max(4096).optional().describe("What occurs anywhere in the value."),
  regex: z.string().min(1).max(1024).optional().describe("RE2 syntax; the whole value must match."),
  present: z.boolean().optional().describe("true: it must be there, with any value; false: it must not."),
};
const comparison = [exactlyOne(["exact", "prefix", "suffix", "contains", "regex", "present"]), rules.regex];
const headerMatch = withRules(z.strictObject({ name: headerName, ...valueMatch }), comparison);
const cookieMatch = withRules(z.strictObject({ name: cookieName, ...valueMatch }), comparison);
const queryMatch = withRules(z.strictObject({ name: z.string().min(1).max(256), ...valueMatch }), comparison);

const pathMatch = withRules(
  z.strictObject({
    exact: z.string().min(1).max(1024).optional().describe("The whole path, without the query."),
    prefix: z
      .string()
      .min(1)
      .max(1024)
      .optional()
      .describe("Whole path segments: /api matches /api and /api/x, not /apix."),
    regex: z.string().min(1).max(1024).optional().describe("RE2 syntax; the whole path must match."),
  }),
  [exactlyOne(["exact", "prefix", "regex"]), rules.absolutePath, rules.regex],
);

export const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"] as const;

/** All given predicates must hold; the entries of `match` are alternatives. */
const routeMatch = z.strictObject({
  path: pathMatch.optional(),
  headers: z.array(headerMatch).max(16).optional().describe("All of them must match."),
  query: z.array(queryMatch).max(16).optional().describe("Query parameters, all of which must match."),
  cookies: z.array(cookieMatch).max(16).optional().describe("All of them must match."),
  method: z.enum(METHODS).optional(),
});

/** Where traffic goes: a subset of the target, or another Service with its port. */
const backend = {
  subset: dnsLabel.optional().describe("A subset of the target, or of `service` where that is given."),
  service: z
    .string()
    .min(1)
    .max(127)
    .regex(
      /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)?$/,
      "must be the name of a Service, or name.namespace",
    )
    .optional()
    .describe("Another Service: its name in the policy's namespace, or name.namespace."),
  port: port.optional().describe("The port of `service`."),
};
const weight = z.int().min(0).max(1_000_000).optional().describe("Share of the requests, relative to the sum of all.");
const split = withRules(z.strictObject({ ...backend, weight }), rules.backend);
const mirror = withRules(
  z.strictObject({ ...backend, percent: percent.default(100).describe("Share of the requests that are copied.") }),
  rules.backend,
);

/** What keeps a user on one side of a split while weights move; exactly one must be given. */
const sticky = withRules(
  z.strictObject({
    header: headerName.optional(),
    cookie: cookieName.optional(),
    query: z.string().min(1).max(256).optional(),
  }),
  [exactlyOne(["header", "cookie", "query"])],
);

/** Conditions on which a request is tried again, in Envoy's words (router filter, `x-envoy-retry-on` and gRPC). */
export const RETRY_CONDITIONS = [
  "connect-failure",
  "refused-stream",
  "reset-before-request",
  "reset",
  "gateway-error",
  "5xx",
  "retriable-4xx",
  "cancelled",
  "deadline-exceeded",
  "internal",
  "resource-exhausted",
  "unavailable",
] as const;

const retries = z.strictObject({
  attempts: z.int().min(0).max(10).describe("Tries after the first one. 0 switches retries off."),
  perTryTimeout: duration.optional().describe("Longest time for one try; 0s is none."),
  conditions: z
    .array(z.enum(RETRY_CONDITIONS))
    .min(1)
    .max(16)
    .optional()
    .describe("Failures to try again on. By default those after which the request cannot have been acted on."),
  on: z
    .array(z.enum(RETRY_CONDITIONS))
    .min(1)
    .max(16)
    .optional()
    .describe("Added to `conditions`. Prefer that name: kubectl reads an unquoted `on` as `true` (ADR 5)."),
  onStatus: z
    .array(z.int().min(100).max(599))
    .min(1)
    .max(16)
    .optional()
    .describe("HTTP status codes to try again on, beside `conditions`."),
  backoff: withRules(
    z.strictObject({
      base: positiveDuration.optional().describe("The first wait at most; it doubles with each try. 25ms by default."),
      max: positiveDuration.optional().describe("The longest wait. Ten times the base by default."),
    }),
    [rules.backoff],
  ).optional(),
});

const routeFields = z.strictObject({
  name: dnsLabel.optional().describe("What status, statistics and messages call the route."),
  match: z
    .array(routeMatch)
    .min(1)
    .max(16)
    .optional()
    .describe("Alternatives, one of which must hold. A route without takes every request."),
  split: z.array(split).min(1).max(16).optional().describe("Where requests go; the whole target by default."),
  sticky: sticky.optional().describe("What keeps a user on one side of the split while weights move."),
  mirror: z
    .array(mirror)
    .min(1)
    .max(4)
    .optional()
    .describe("Who gets copies of requests; its answers are thrown away."),
  timeout: duration.optional().describe("Longest time for the whole request, retries included; 0s is none."),
  retries: retries.optional(),
});
const route = withRules(routeFields, rules.route);

const subset = z.strictObject({
  name: dnsLabel,
  labels: withRules(z.record(labelKey, labelValue).meta({ maxProperties: 16 }), [rules.labelCount]).describe(
    "Pod labels, all of which must be equal.",
  ),
});

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
const loadBalancing = withRules(
  z.strictObject({
    policy: z.enum(LB_POLICIES).default("LeastRequest"),
    hashOn: hashOn.optional().describe("What RingHash and Maglev hash on."),
  }),
  [rules.hashing],
);

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

const outlierDetection = z.strictObject({
  consecutive5xx: count.optional().describe("Answers of 5xx in a row that eject an endpoint; 0 switches it off."),
  consecutiveGatewayErrors: count
    .optional()
    .describe("Answers of 502, 503 or 504 in a row that eject an endpoint; 0 switches it off."),
  interval: positiveDuration.optional().describe("Time between two looks at what is ejected."),
  baseEjectionTime: withRules(duration, [rules.positive, rules.ejectionTime])
    .optional()
    .describe("How long an endpoint is out, times the ejections so far. At most 300s."),
  maxEjectionPercent: z.int().min(0).max(100).optional().describe("Share of the endpoints that may be out at once."),
});

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
export type Route = NonNullable<TrafficPolicySpec["routes"]>[number];
export type RouteMatch = NonNullable<Route["match"]>[number];
export type ValueMatch = NonNullable<RouteMatch["query"]>[number];
export type PathMatch = NonNullable<RouteMatch["path"]>;
export type Backend = Pick<NonNullable<Route["split"]>[number], "subset" | "service" | "port">;
export type Split = NonNullable<Route["split"]>[number];
export type Mirror = NonNullable<Route["mirror"]>[number];
export type Sticky = NonNullable<Route["sticky"]>;
export type Retries = NonNullable<Route["retries"]>;
export type Subset = NonNullable<TrafficPolicySpec["subsets"]>[number];
export type LoadBalancing = NonNullable<TrafficPolicySpec["loadBalancing"]>;
export type Connection = NonNullable<TrafficPolicySpec["connection"]>;
export type CircuitBreaker = NonNullable<TrafficPolicySpec["circuitBreaker"]>;
export type OutlierDetection = NonNullable<TrafficPolicySpec["outlierDetection"]>;
