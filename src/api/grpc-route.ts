/** `GRPCRoute` of the Gateway API; unknown fields are taken as in an HTTPRoute. */
import { z } from "zod";
import { grpcFilters } from "./gateway-filters.ts";
import { backendRef, parentRef } from "./gateway-reference.ts";
import { grpcMethod } from "./gateway-rules.ts";
import { dnsSubdomain, objectMeta, type ObjectMeta } from "./object-meta.ts";
import { withRules } from "./rule.ts";
import { headerName } from "./scalar.ts";

const comparison = z.enum(["Exact", "RegularExpression"]).default("Exact");
const name = z.string().min(1).max(1024);

const match = z.object({
  method: withRules(z.object({ type: comparison, service: name.optional(), method: name.optional() }), [
    grpcMethod,
  ]).optional(),
  headers: z
    .array(z.object({ type: comparison, name: headerName, value: z.string().min(1).max(4096) }))
    .max(16)
    .default([]),
});

const rule = z.object({
  name: z.string().min(1).max(253).optional(),
  matches: z
    .array(match)
    .max(64)
    .default([{ headers: [] }]),
  filters: grpcFilters,
  backendRefs: z.array(backendRef(grpcFilters)).max(16).default([]),
  sessionPersistence: z.unknown().optional(),
});

const spec = z.object({
  parentRefs: z.array(parentRef).max(32).default([]),
  hostnames: z.array(z.string().max(253)).max(16).default([]),
  rules: z.array(rule).max(16).default([]),
});

export interface GrpcRouteObject {
  readonly kind: "GRPCRoute";
  readonly meta: ObjectMeta;
  readonly spec: GrpcRouteSpec;
}

export const grpcRouteObject: z.ZodType<GrpcRouteObject> = z
  .object({ metadata: objectMeta(dnsSubdomain, "namespaced"), spec })
  .transform((object) => ({ kind: "GRPCRoute" as const, meta: object.metadata, spec: object.spec }));

export type GrpcRouteSpec = z.output<typeof spec>;

export type GrpcRouteMatch = z.output<typeof match>;
