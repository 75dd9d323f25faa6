/** Which requests a route of a TrafficPolicy is for. */
import { z } from "zod";
import { dnsLabel, dnsSubdomain, labelKey, labelValue } from "./object-meta.ts";
import * as rules from "./policy-rules.ts";
import { exactlyOne, withRules } from "./rule.ts";
import { cookieName, headerName } from "./scalar.ts";

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

/** A workload that calls, as the cluster knows it. */
const caller = withRules(
  z.strictObject({
    namespaces: z.array(dnsLabel).min(1).max(16).optional().describe("One of which the caller is in."),
    serviceAccounts: z
      .array(dnsSubdomain)
      .min(1)
      .max(16)
      .optional()
      .describe("One of which the caller runs as; names, in the caller's own namespace."),
    labels: withRules(z.record(labelKey, labelValue).meta({ maxProperties: 16 }), [rules.labelCount])
      .optional()
      .describe("Labels of the calling pod, all of which must be equal."),
  }),
  [rules.someCaller],
);

const grpcMatch = z.strictObject({
  service: z
    .string()
    .min(1)
    .max(512)
    .regex(
      /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$/,
      "must be a full service name, such as shop.v1.Checkout",
    )
    .describe("With its package, such as shop.v1.Checkout."),
  method: z
    .string()
    .min(1)
    .max(256)
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be the name of a method")
    .optional()
    .describe("All methods of the service by default."),
});

const matchFields = z.strictObject({
  path: pathMatch.optional(),
  grpc: grpcMatch.optional().describe("Calls of a gRPC service, unary and streams."),
  headers: z.array(headerMatch).max(16).optional().describe("All of them must match."),
  query: z.array(queryMatch).max(16).optional().describe("Query parameters, all of which must match."),
  cookies: z.array(cookieMatch).max(16).optional().describe("All of them must match."),
  method: z.enum(METHODS).optional(),
  from: caller
    .optional()
    .describe("Only these callers' sidecars get the route. It is no authorization: others are not refused."),
});

/** All given predicates must hold; the entries of `match` are alternatives. */
export const routeMatch = withRules(matchFields, [rules.grpcAlone]);

export type RouteMatch = z.output<typeof routeMatch>;
export type ValueMatch = NonNullable<RouteMatch["query"]>[number];
export type PathMatch = NonNullable<RouteMatch["path"]>;
export type GrpcMatch = NonNullable<RouteMatch["grpc"]>;
export type Caller = NonNullable<RouteMatch["from"]>;
