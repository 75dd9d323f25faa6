/**
 * `HTTPRoute` of the Gateway API. Fields that Heddle does not know are taken as they come: where they would change what happens to
 * requests, the model says that they are not supported.
 */
import { z } from "zod";
import { duration } from "./duration.ts";
import { httpFilters } from "./gateway-filters.ts";
import { backendRef, parentRef } from "./gateway-reference.ts";
import { gatewayPath, httpRule } from "./gateway-rules.ts";
import { dnsSubdomain, objectMeta, type ObjectMeta } from "./object-meta.ts";
import { METHODS } from "./policy-match.ts";
import { withRules } from "./rule.ts";
import { headerName } from "./scalar.ts";

const comparison = z.enum(["Exact", "RegularExpression"]).default("Exact");
const value = z.string().min(1).max(4096);

const match = z.object({
  path: withRules(
    z.object({
      type: z.enum(["Exact", "PathPrefix", "RegularExpression"]).default("PathPrefix"),
      value: z.string().max(1024).default("/"),
    }),
    [gatewayPath],
  ).optional(),
  headers: z
    .array(z.object({ type: comparison, name: headerName, value }))
    .max(16)
    .default([]),
  queryParams: z
    .array(z.object({ type: comparison, name: headerName, value: value.max(1024) }))
    .max(16)
    .default([]),
  method: z.enum(METHODS).optional(),
});

const retry = z.object({
  codes: z.array(z.int().min(400).max(599)).max(64).optional(),
  attempts: z.int().min(0).optional(),
  backoff: duration.optional(),
});

const rule = withRules(
  z.object({
    name: z.string().min(1).max(253).optional(),
    matches: z
      .array(match)
      .max(64)
      .default([{ headers: [], queryParams: [] }]),
    filters: httpFilters,
    backendRefs: z.array(backendRef(httpFilters)).max(16).default([]),
    timeouts: z.object({ request: duration.optional(), backendRequest: duration.optional() }).optional(),
    retry: retry.optional(),
    sessionPersistence: z.unknown().optional(),
  }),
  httpRule,
);

const spec = z.object({
  parentRefs: z.array(parentRef).max(32).default([]),
  hostnames: z.array(z.string().max(253)).max(16).default([]),
  rules: z.array(rule).min(1).max(16).prefault([{}]),
});

export interface HttpRouteObject {
  readonly kind: "HTTPRoute";
  readonly meta: ObjectMeta;
  readonly spec: HttpRouteSpec;
}

export const httpRouteObject: z.ZodType<HttpRouteObject> = z
  .object({ metadata: objectMeta(dnsSubdomain, "namespaced"), spec })
  .transform((object) => ({ kind: "HTTPRoute" as const, meta: object.metadata, spec: object.spec }));

export type HttpRouteSpec = z.output<typeof spec>;
export type HttpRouteRule = HttpRouteSpec["rules"][number];
export type HttpRouteMatch = z.output<typeof match>;
