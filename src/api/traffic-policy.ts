/**
 * `TrafficPolicy`, group `heddle.dev/v1alpha1`: everything that a platform engineer says of the traffic to a Service, in
 * one object. The schema is the single source of the TypeScript types, the defaults and the CRD.
 *
 * Durations are strings in manifests and milliseconds here; percentages are 0 to 100.
 */
import { z } from "zod";
import { duration } from "./duration.ts";

const dnsLabel = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, "must be a DNS label: lower-case letters, digits and '-'");
const headerName = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/, "must be an HTTP header name");
const port = z.int().min(1).max(65535);
const percent = z.number().min(0).max(100);
const count = z.int().min(0).max(4_294_967_295);

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
const headerMatch = z.strictObject({ name: headerName, ...valueMatch });
const namedMatch = z.strictObject({ name: z.string().min(1).max(256), ...valueMatch });

const pathMatch = z.strictObject({
  exact: z.string().min(1).max(1024).optional(),
  /** Matches whole path segments: `/api` matches `/api` and `/api/x`, not `/apix`. */
  prefix: z.string().min(1).max(1024).optional(),
  /** RE2 syntax; the whole path must match. */
  regex: z.string().min(1).max(1024).optional(),
});

export const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"] as const;

/** All given predicates must hold; the entries of `match` are alternatives. */
const routeMatch = z.strictObject({
  path: pathMatch.optional(),
  headers: z.array(headerMatch).max(16).optional(),
  query: z.array(namedMatch).max(16).optional(),
  cookies: z.array(namedMatch).max(16).optional(),
  method: z.enum(METHODS).optional(),
});

/** Where traffic goes: a subset of the target, or another Service (with `port`, and `subset` of that Service's policy). */
const backend = {
  subset: dnsLabel.optional(),
  service: z.string().min(1).max(127).optional(),
  port: port.optional(),
};
const split = z.strictObject({ ...backend, weight: z.int().min(0).max(1_000_000).optional() });
const mirror = z.strictObject({ ...backend, percent: percent.default(100) });

/** What keeps a user on one side of a split while weights move; exactly one must be given. */
const sticky = z.strictObject({
  header: headerName.optional(),
  cookie: z.string().min(1).max(256).optional(),
  query: z.string().min(1).max(256).optional(),
});

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
  backoff: z.strictObject({ base: duration.optional(), max: duration.optional() }).optional(),
});

const route = z.strictObject({
  name: dnsLabel.optional(),
  match: z.array(routeMatch).min(1).max(16).optional(),
  split: z.array(split).min(1).max(16).optional(),
  sticky: sticky.optional(),
  mirror: z.array(mirror).min(1).max(4).optional(),
  /** Whole-request timeout, retries included; `0s` is none. */
  timeout: duration.optional(),
  retries: retries.optional(),
});

const subset = z.strictObject({
  name: dnsLabel,
  /** Pod labels, all of which must be equal. */
  labels: z.record(z.string().min(1).max(317), z.string().max(63)).refine((l) => Object.keys(l).length > 0, {
    message: "must name at least one pod label",
  }),
});

export const LB_POLICIES = ["RoundRobin", "LeastRequest", "Random", "RingHash", "Maglev"] as const;

const loadBalancing = z.strictObject({
  policy: z.enum(LB_POLICIES).default("LeastRequest"),
  /** What RingHash and Maglev hash on; exactly one must be given. */
  hashOn: z
    .strictObject({
      header: headerName.optional(),
      cookie: z.string().min(1).max(256).optional(),
      query: z.string().min(1).max(256).optional(),
      sourceIP: z.literal(true).optional(),
    })
    .optional(),
});

const connection = z.strictObject({
  connectTimeout: duration.optional(),
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
  interval: duration.optional(),
  baseEjectionTime: duration.optional(),
  maxEjectionPercent: z.int().min(0).max(100).optional(),
});

export const trafficPolicySpec = z.strictObject({
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
