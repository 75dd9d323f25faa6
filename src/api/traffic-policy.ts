/**
 * `TrafficPolicy`, group `heddle.dev/v1alpha1`: everything that a platform engineer says of the traffic to a Service, in
 * one object. The schema is the single source of the TypeScript types, the defaults and the CRD.
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
  exact: z.string().max(4096).optional(),
  prefix: z.string().min(1).max(4096).optional(),
  suffix: z.string().min(1).max(4096).optional(),
  contains: z.string().min(1).max(4096).optional(),
  /** RE2 syntax; the whole value must match. */
  regex: z.string().min(1).max(1024).optional(),
  /** true: it must be there; false: it must not. */
  present: z.boolean().optional(),
};
const comparison = [exactlyOne(["exact", "prefix", "suffix", "contains", "regex", "present"]), rules.regex];
const headerMatch = withRules(z.strictObject({ name: headerName, ...valueMatch }), comparison);
const cookieMatch = withRules(z.strictObject({ name: cookieName, ...valueMatch }), comparison);
const queryMatch = withRules(z.strictObject({ name: z.string().min(1).max(256), ...valueMatch }), comparison);

const pathMatch = withRules(
  z.strictObject({
    exact: z.string().min(1).max(1024).optional(),
    /** Matches whole path segments: `/api` matches `/api` and `/api/x`, not `/apix`. */
    prefix: z.string().min(1).max(1024).optional(),
    /** RE2 syntax; the whole path must match. */
    regex: z.string().min(1).max(1024).optional(),
  }),
  [exactlyOne(["exact", "prefix", "regex"]), rules.absolutePath, rules.regex],
);

export const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"] as const;

/** All given predicates must hold; the entries of `match` are alternatives. */
const routeMatch = z.strictObject({
  path: pathMatch.optional(),
  headers: z.array(headerMatch).max(16).optional(),
  query: z.array(queryMatch).max(16).optional(),
  cookies: z.array(cookieMatch).max(16).optional(),
  method: z.enum(METHODS).optional(),
});

/**
 * Where traffic goes: a subset of the target, or another Service (with `port`, and `subset` of that Service's policy).
 * `service` is a name in the policy's namespace, or `name.namespace`.
 */
const backend = {
  subset: dnsLabel.optional(),
  service: z
    .string()
    .min(1)
    .max(127)
    .regex(
      /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)?$/,
      "must be the name of a Service, or name.namespace",
    )
    .optional(),
  port: port.optional(),
};
const split = withRules(
  z.strictObject({ ...backend, weight: z.int().min(0).max(1_000_000).optional() }),
  rules.backend,
);
const mirror = withRules(z.strictObject({ ...backend, percent: percent.default(100) }), rules.backend);

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
  /** Tries after the first one. 0 switches retries off. */
  attempts: z.int().min(0).max(10),
  perTryTimeout: duration.optional(),
  on: z.array(z.enum(RETRY_CONDITIONS)).min(1).max(16).optional(),
  /** HTTP status codes to try again on, beside `on`. */
  onStatus: z.array(z.int().min(100).max(599)).min(1).max(16).optional(),
  backoff: withRules(z.strictObject({ base: positiveDuration.optional(), max: positiveDuration.optional() }), [
    rules.backoff,
  ]).optional(),
});

const routeFields = z.strictObject({
  name: dnsLabel.optional(),
  match: z.array(routeMatch).min(1).max(16).optional(),
  split: z.array(split).min(1).max(16).optional(),
  sticky: sticky.optional(),
  mirror: z.array(mirror).min(1).max(4).optional(),
  /** Whole-request timeout, retries included; `0s` is none. */
  timeout: duration.optional(),
  retries: retries.optional(),
});
const route = withRules(routeFields, rules.route);

const subset = z.strictObject({
  name: dnsLabel,
  /** Pod labels, all of which must be equal. */
  labels: withRules(z.record(labelKey, labelValue), [rules.labelCount]),
});

export const LB_POLICIES = ["RoundRobin", "LeastRequest", "Random", "RingHash", "Maglev"] as const;

const hashOn = withRules(
  z.strictObject({
    header: headerName.optional(),
    cookie: cookieName.optional(),
    query: z.string().min(1).max(256).optional(),
    sourceIP: z.literal(true).optional(),
  }),
  [exactlyOne(["header", "cookie", "query", "sourceIP"])],
);
const loadBalancing = withRules(
  z.strictObject({
    policy: z.enum(LB_POLICIES).default("LeastRequest"),
    /** What RingHash and Maglev hash on; exactly one must be given. */
    hashOn: hashOn.optional(),
  }),
  [rules.hashing],
);

const connection = z.strictObject({
  connectTimeout: positiveDuration.optional(),
  idleTimeout: duration.optional(),
  /** 0 is no limit. */
  maxRequestsPerConnection: count.optional(),
  /** Speak HTTP/2 to the endpoints. By default the port's protocol decides. */
  http2: z.boolean().optional(),
  /** Allow WebSocket upgrades; they are by default. */
  websocket: z.boolean().optional(),
});

const circuitBreaker = z.strictObject({
  maxConnections: count.optional(),
  maxPendingRequests: count.optional(),
  maxRequests: count.optional(),
  /** Retries at once, as a share of the active requests, but `minConcurrency` at the least. */
  retryBudget: z
    .strictObject({ percent: percent.default(20), minConcurrency: count.default(3) })
    .optional(),
});

const outlierDetection = z.strictObject({
  consecutive5xx: count.optional(),
  consecutiveGatewayErrors: count.optional(),
  interval: positiveDuration.optional(),
  /** At most 300s: Envoy refuses what is above its longest ejection. */
  baseEjectionTime: withRules(duration, [rules.positive, rules.ejectionTime]).optional(),
  maxEjectionPercent: z.int().min(0).max(100).optional(),
});

const specFields = z.strictObject({
  targetRefs: z
    .array(z.strictObject({ group: z.literal("").optional(), kind: z.literal("Service"), name: dnsLabel }))
    .min(1)
    .max(16),
  subsets: z.array(subset).max(32).optional(),
  routes: z.array(route).max(64).optional(),
  loadBalancing: loadBalancing.optional(),
  connection: connection.optional(),
  circuitBreaker: circuitBreaker.optional(),
  outlierDetection: outlierDetection.optional(),
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
export type RetryCondition = (typeof RETRY_CONDITIONS)[number];
export type Subset = NonNullable<TrafficPolicySpec["subsets"]>[number];
export type LoadBalancing = NonNullable<TrafficPolicySpec["loadBalancing"]>;
export type Connection = NonNullable<TrafficPolicySpec["connection"]>;
export type CircuitBreaker = NonNullable<TrafficPolicySpec["circuitBreaker"]>;
export type OutlierDetection = NonNullable<TrafficPolicySpec["outlierDetection"]>;
