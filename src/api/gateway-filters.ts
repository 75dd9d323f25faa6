/** Filters of HTTPRoute and GRPCRoute: what a rule does to requests and answers on their way. */
import { z } from "zod";
import { backendObjectRef } from "./gateway-reference.ts";
import { headerOnce, onlyOnce, ownField, oneShare } from "./gateway-rules.ts";
import { withRules } from "./rule.ts";
import { headerName, port } from "./scalar.ts";

const header = z.object({ name: headerName, value: z.string().min(1).max(4096) });
const headerModifier = withRules(
  z.object({
    set: z.array(header).max(16).optional(),
    add: z.array(header).max(16).optional(),
    remove: z.array(z.string().min(1).max(256)).max(16).optional(),
  }),
  headerOnce,
);

const hostname = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, "must be a lower-case host name");

const pathModifier = withRules(
  z.object({
    type: z.enum(["ReplaceFullPath", "ReplacePrefixMatch"]),
    replaceFullPath: z.string().max(1024).optional(),
    replacePrefixMatch: z.string().max(1024).optional(),
  }),
  [ownField({ ReplaceFullPath: "replaceFullPath", ReplacePrefixMatch: "replacePrefixMatch" })],
);

const requestRedirect = z.object({
  scheme: z.enum(["http", "https"]).optional(),
  hostname: hostname.optional(),
  path: pathModifier.optional(),
  port: port.optional(),
  statusCode: z.literal([301, 302, 303, 307, 308]).default(302),
});

const urlRewrite = z.object({ hostname: hostname.optional(), path: pathModifier.optional() });

const requestMirror = withRules(
  z.object({
    backendRef: backendObjectRef,
    percent: z.int().min(0).max(100).optional(),
    fraction: withRules(z.object({ numerator: z.int().min(0), denominator: z.int().min(1).default(100) }), [
      oneShare.fraction,
    ]).optional(),
  }),
  [oneShare.either],
);

const cors = z.object({
  allowOrigins: z.array(z.string().min(1).max(253)).max(64).optional(),
  allowCredentials: z.boolean().optional(),
  allowMethods: z
    .array(z.enum(["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "*"]))
    .max(9)
    .optional(),
  allowHeaders: z.array(headerName).max(64).optional(),
  exposeHeaders: z.array(headerName).max(64).optional(),
  maxAge: z.int().min(1).max(2_147_483_647).default(5),
});

/** The field that goes with each type of filter. Types that are not here are none of Heddle's, see `docs/gateway-api.md`. */
const FIELDS = {
  RequestHeaderModifier: "requestHeaderModifier",
  ResponseHeaderModifier: "responseHeaderModifier",
  RequestMirror: "requestMirror",
  RequestRedirect: "requestRedirect",
  URLRewrite: "urlRewrite",
  CORS: "cors",
} as const;

const grpcFields = {
  /** Any text: a type that Heddle does not know is said to be unsupported, not refused. */
  type: z.string().min(1).max(63),
  requestHeaderModifier: headerModifier.optional(),
  responseHeaderModifier: headerModifier.optional(),
  requestMirror: requestMirror.optional(),
};

const httpFilter = withRules(
  z.object({
    ...grpcFields,
    requestRedirect: requestRedirect.optional(),
    urlRewrite: urlRewrite.optional(),
    cors: cors.optional(),
  }),
  [ownField(FIELDS)],
);
const { RequestRedirect: _redirect, URLRewrite: _rewrite, CORS: _cors, ...GRPC_FIELDS } = FIELDS;
const grpcFilter = withRules(z.object(grpcFields), [ownField(GRPC_FIELDS)]);

export const httpFilters = withRules(z.array(httpFilter).max(16).default([]), [onlyOnce]);
export const grpcFilters = withRules(z.array(grpcFilter).max(16).default([]), [onlyOnce]);

export type HttpFilter = z.output<typeof httpFilter>;
/** Everything that a filter of either kind of route may say. */
export type GatewayFilter = HttpFilter;
export type HeaderModifier = z.output<typeof headerModifier>;
export type PathModifier = z.output<typeof pathModifier>;
export type RequestRedirect = z.output<typeof requestRedirect>;
export type GatewayCors = z.output<typeof cors>;
export type RequestMirror = z.output<typeof requestMirror>;
