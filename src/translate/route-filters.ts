/** What a route changes, answers or disturbs: the parts of Envoy's route that are not about where requests go. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import type { Affinity, Cors, DirectResponse, Fault, HeaderEdits, Redirect, Rewrite } from "../api/traffic-policy.ts";
import {
  type HeaderValueOption,
  HeaderValueOption_HeaderAppendAction,
  HeaderValueOptionSchema,
} from "../gen/envoy/config/core/v3/base_pb.ts";
import {
  type DirectResponseAction,
  DirectResponseActionSchema,
  type RedirectAction,
  RedirectAction_RedirectResponseCode,
  RedirectActionSchema,
  type RouteAction,
  type RouteActionSchema,
  type RouteSchema,
  type Route,
} from "../gen/envoy/config/route/v3/route_components_pb.ts";
import { CorsPolicySchema } from "../gen/envoy/extensions/filters/http/cors/v3/cors_pb.ts";
import { HTTPFaultSchema } from "../gen/envoy/extensions/filters/http/fault/v3/fault_pb.ts";
import type { MeshRoute } from "../model/mesh-route.ts";
import { CORS_FILTER, FAULT_FILTER, RATE_LIMIT_FILTER, RATE_LIMIT_SERVICE } from "./connection-manager.ts";
import { duration, fraction, pack } from "./envoy.ts";
import { escape, stringMatcher } from "./match.ts";
import { localRateLimit } from "./rate-limit.ts";
import { askedDomain } from "./rate-limit-service.ts";
import { sessionAffinity } from "./session-affinity.ts";

type RouteInit = Exclude<MessageInitShape<typeof RouteSchema>, Route>;
type ActionInit = Exclude<MessageInitShape<typeof RouteActionSchema>, RouteAction>;

type FilterFields = Pick<MeshRoute, "headers" | "cors" | "fault" | "rateLimit">;

/** Header edits, and the settings of the filters that stand in every listener and do nothing without. */
export function routeFilters(
  { headers, cors, fault, rateLimit }: FilterFields,
  affinity?: Affinity,
  fleetSize = 1,
): Partial<RouteInit> {
  const perFilter: Record<string, Any> = {
    ...sessionAffinity(affinity),
    ...(cors && { [CORS_FILTER]: corsPolicy(cors) }),
    ...(fault && { [FAULT_FILTER]: httpFault(fault) }),
    ...(rateLimit?.requests !== undefined && {
      [RATE_LIMIT_FILTER]: localRateLimit({ ...rateLimit, requests: rateLimit.requests }, fleetSize),
    }),
    ...(rateLimit?.service && {
      [RATE_LIMIT_SERVICE[rateLimit.service.failureMode].filter]: askedDomain(rateLimit.service),
    }),
  };
  return {
    ...(headers?.request && {
      requestHeadersToAdd: edited(headers.request),
      requestHeadersToRemove: headers.request.remove ?? [],
    }),
    ...(headers?.response && {
      responseHeadersToAdd: edited(headers.response),
      responseHeadersToRemove: headers.response.remove ?? [],
    }),
    ...(Object.keys(perFilter).length > 0 && { typedPerFilterConfig: perFilter }),
  };
}

function edited({ set = [], add = [] }: HeaderEdits): HeaderValueOption[] {
  const option = (
    { name, value }: { readonly name: string; readonly value: string },
    appendAction: HeaderValueOption_HeaderAppendAction,
  ): HeaderValueOption =>
    create(HeaderValueOptionSchema, {
      // Envoy would expand %NAME% in it.
      header: { key: name, value: value.replaceAll("%", "%%") },
      appendAction,
      keepEmptyValue: true,
    });
  const { OVERWRITE_IF_EXISTS_OR_ADD, APPEND_IF_EXISTS_OR_ADD } = HeaderValueOption_HeaderAppendAction;
  return [
    ...set.map((header) => option(header, OVERWRITE_IF_EXISTS_OR_ADD)),
    ...add.map((header) => option(header, APPEND_IF_EXISTS_OR_ADD)),
  ];
}

/** @param matched the path prefix of the match that the route is made of */
export function rewriting(rewrite: Rewrite | undefined, matched: string | undefined): Partial<ActionInit> {
  if (!rewrite) return {};
  const { prefix, regex, host } = rewrite;
  return {
    ...(prefix !== undefined && matched !== undefined && prefixRewrite(matched, prefix)),
    ...(regex && { regexRewrite: { pattern: { regex: regex.pattern }, substitution: regex.substitution } }),
    ...(host !== undefined && { hostRewriteSpecifier: { case: "hostRewriteLiteral", value: host } }),
  };
}

/**
 * Whole segments are replaced by whole segments: neither are two slashes left where they meet, nor none. Envoy replaces texts, so
 * that `/api` → `/` would make `//x` of `/api/x`.
 */
function prefixRewrite(matched: string, replacement: string): Partial<ActionInit> {
  const [from, to] = [withoutSlash(matched), withoutSlash(replacement)];
  if (from === "") return { prefixRewrite: `${to}/` };
  if (to !== "") return { prefixRewrite: to };
  return { regexRewrite: { pattern: { regex: `^${escape(from)}/*` }, substitution: "/" } };
}

export function redirectAction(redirect: Redirect, matched: string | undefined): RedirectAction {
  const { scheme, host, port, path, prefix, status } = redirect;
  const rewritten = prefix !== undefined && matched !== undefined ? prefixRewrite(matched, prefix) : {};
  return create(RedirectActionSchema, {
    ...(scheme && { schemeRewriteSpecifier: { case: "schemeRedirect", value: scheme } }),
    ...(host !== undefined && { hostRedirect: host }),
    ...(port !== undefined && { portRedirect: port }),
    ...(path !== undefined && { pathRewriteSpecifier: { case: "pathRedirect", value: path } }),
    ...(rewritten.prefixRewrite !== undefined && {
      pathRewriteSpecifier: { case: "prefixRewrite", value: rewritten.prefixRewrite },
    }),
    ...(rewritten.regexRewrite && {
      pathRewriteSpecifier: { case: "regexRewrite", value: rewritten.regexRewrite },
    }),
    responseCode: RESPONSE_CODES[status],
  });
}

const RESPONSE_CODES: Readonly<Record<Redirect["status"], RedirectAction_RedirectResponseCode>> = {
  301: RedirectAction_RedirectResponseCode.MOVED_PERMANENTLY,
  302: RedirectAction_RedirectResponseCode.FOUND,
  303: RedirectAction_RedirectResponseCode.SEE_OTHER,
  307: RedirectAction_RedirectResponseCode.TEMPORARY_REDIRECT,
  308: RedirectAction_RedirectResponseCode.PERMANENT_REDIRECT,
};

export function directResponseAction({ status, body }: DirectResponse): DirectResponseAction {
  return create(DirectResponseActionSchema, {
    status,
    ...(body !== undefined && { body: { specifier: { case: "inlineString", value: body } } }),
  });
}

function corsPolicy(cors: Cors): Any {
  const { allowOrigins, allowMethods, allowHeaders, exposeHeaders, maxAge, allowCredentials } = cors;
  return pack(CorsPolicySchema, {
    allowOriginStringMatch: allowOrigins.map((origin) => stringMatcher(origin)!),
    ...(allowMethods && { allowMethods: allowMethods.join(",") }),
    ...(allowHeaders && { allowHeaders: allowHeaders.join(",") }),
    ...(exposeHeaders && { exposeHeaders: exposeHeaders.join(",") }),
    ...(maxAge !== undefined && { maxAge: String(Math.round(maxAge / 1000)) }),
    ...(allowCredentials !== undefined && { allowCredentials }),
  });
}

function httpFault({ delay, abort }: Fault): Any {
  return pack(HTTPFaultSchema, {
    ...(delay && {
      delay: {
        faultDelaySecifier:
          delay.fixed === undefined
            ? { case: "headerDelay", value: {} }
            : { case: "fixedDelay", value: duration(delay.fixed) },
        percentage: fraction(delay.percent),
      },
    }),
    ...(abort && {
      abort: {
        errorType:
          abort.status === undefined ? { case: "headerAbort", value: {} } : { case: "httpStatus", value: abort.status },
        percentage: fraction(abort.percent),
      },
    }),
  });
}

function withoutSlash(path: string): string {
  return path.replace(/\/+$/, "");
}
