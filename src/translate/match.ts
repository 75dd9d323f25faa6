/** Which requests a route is for. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { GrpcMatch, PathMatch, RouteMatch as PolicyMatch, ValueMatch } from "../api/traffic-policy.ts";
import {
  type HeaderMatcher,
  HeaderMatcherSchema,
  type QueryParameterMatcher,
  QueryParameterMatcherSchema,
  type RouteMatch,
  RouteMatchSchema,
} from "../gen/envoy/config/route/v3/route_components_pb.ts";
import type { StringMatcherSchema } from "../gen/envoy/type/matcher/v3/string_pb.ts";

/** Every request. */
export function anyRequest(): RouteMatch {
  return create(RouteMatchSchema, { pathSpecifier: { case: "prefix", value: "/" } });
}

/** One alternative of a policy's `match`: all its predicates must hold. */
export function routeMatch(match: PolicyMatch): RouteMatch {
  const { path, grpc, headers = [], query = [], cookies = [] } = match;
  const method = grpc ? "POST" : match.method;
  return create(RouteMatchSchema, {
    pathSpecifier: pathSpecifier(grpc ? grpcPath(grpc) : path),
    headers: [
      ...(method === undefined ? [] : [header({ name: ":method", exact: method })]),
      ...headers.map(header),
      ...cookies.map(cookie),
    ],
    queryParameters: query.map(queryParameter),
  });
}

/** Whether nothing can get past this route to the next one. */
export function matchesEverything(match: PolicyMatch): boolean {
  const { path, grpc, headers = [], query = [], cookies = [], method } = match;
  const anyPath = !grpc && (path === undefined || path.prefix === "/");
  return anyPath && headers.length + query.length + cookies.length === 0 && method === undefined;
}

/** gRPC calls are POSTs to `/package.Service/Method`. */
function grpcPath({ service, method }: GrpcMatch): PathMatch {
  return method === undefined ? { prefix: `/${service}` } : { exact: `/${service}/${method}` };
}

type PathSpecifier = NonNullable<Exclude<MessageInitShape<typeof RouteMatchSchema>, RouteMatch>["pathSpecifier"]>;

function pathSpecifier(path: PathMatch | undefined): PathSpecifier {
  if (path?.exact !== undefined) return { case: "path", value: path.exact };
  if (path?.regex !== undefined) return { case: "safeRegex", value: { regex: path.regex } };
  // Envoy wants whole segments without a slash at their end.
  const segments = path?.prefix?.replace(/\/+$/, "") ?? "";
  return segments === "" ? { case: "prefix", value: "/" } : { case: "pathSeparatedPrefix", value: segments };
}

type Comparison = Partial<Pick<ValueMatch, "exact" | "prefix" | "suffix" | "contains" | "regex">>;
type StringMatcherInit = MessageInitShape<typeof StringMatcherSchema>;

/** How a text is compared. Undefined where the match asks for mere presence. */
export function stringMatcher(match: Comparison): StringMatcherInit | undefined {
  for (const form of ["exact", "prefix", "suffix", "contains"] as const) {
    const value = match[form];
    if (value !== undefined) return { matchPattern: { case: form, value } };
  }
  return match.regex === undefined ? undefined : { matchPattern: { case: "safeRegex", value: { regex: match.regex } } };
}

function header(match: ValueMatch): HeaderMatcher {
  const value = stringMatcher(match);
  return create(HeaderMatcherSchema, {
    name: match.name,
    headerMatchSpecifier: value ? { case: "stringMatch", value } : { case: "presentMatch", value: true },
    invertMatch: match.present === false,
  });
}

function queryParameter(match: ValueMatch): QueryParameterMatcher {
  const value = stringMatcher(match);
  return create(QueryParameterMatcherSchema, {
    name: match.name,
    queryParameterMatchSpecifier: value
      ? { case: "stringMatch", value }
      : { case: "presentMatch", value: match.present !== false },
  });
}

/** Envoy has no matcher for one cookie: a pattern over the whole `cookie` header finds it among the others. */
function cookie(match: ValueMatch): HeaderMatcher {
  const regex = `(?:.*;)?[ \\t]*${escape(match.name)}=${cookieValue(match)}[ \\t]*(?:;.*)?`;
  return create(HeaderMatcherSchema, {
    name: "cookie",
    headerMatchSpecifier: {
      case: "stringMatch",
      value: { matchPattern: { case: "safeRegex", value: { regex } } },
    },
    invertMatch: match.present === false,
    // Without any cookie header there is no cookie of that name either.
    treatMissingHeaderAsEmpty: match.present === false,
  });
}

/** Requests without the cookie, or with an empty one. */
export function withoutCookie(name: string): HeaderMatcher {
  const present = cookie({ name, regex: "[^; \\t][^;]*" });
  return create(HeaderMatcherSchema, { ...present, invertMatch: true, treatMissingHeaderAsEmpty: true });
}

function cookieValue({ exact, prefix, suffix, contains, regex }: ValueMatch): string {
  const rest = "[^;]*";
  if (exact !== undefined) return escape(exact);
  if (prefix !== undefined) return `${escape(prefix)}${rest}`;
  if (suffix !== undefined) return `${rest}${escape(suffix)}`;
  if (contains !== undefined) return `${rest}${escape(contains)}${rest}`;
  return regex === undefined ? rest : `(?:${regex})`;
}

/** The text as an RE2 pattern that matches just it. */
export function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
