/** Rules of HTTPRoutes and GRPCRoutes in the same terms, with the precedence of each of their matches. */
import type { GatewayFilter } from "../api/gateway-filters.ts";
import type { BackendObjectRef } from "../api/gateway-reference.ts";
import type { GrpcRouteMatch, GrpcRouteObject } from "../api/grpc-route.ts";
import type { HttpRouteMatch, HttpRouteObject, HttpRouteRule } from "../api/http-route.ts";
import type { RouteMatch, ValueMatch } from "../api/traffic-policy.ts";

export type GatewayRouteObject = HttpRouteObject | GrpcRouteObject;

export interface GatewayRule {
  /** Of the rule in its route: `spec.rules[0]`. */
  readonly path: string;
  readonly name: string;
  readonly matches: readonly RankedMatch[];
  readonly filters: readonly GatewayFilter[];
  readonly backendRefs: readonly GatewayBackend[];
  readonly timeouts?: HttpRouteRule["timeouts"];
  readonly retry?: HttpRouteRule["retry"];
  /** Fields that are given and do nothing. */
  readonly unheeded: readonly string[];
}

export interface GatewayBackend extends BackendObjectRef {
  readonly weight: number;
  readonly filters: readonly GatewayFilter[];
}

export interface RankedMatch {
  readonly match: RouteMatch;
  /** Compared number by number: the higher one goes first. Only matches of one kind of route are compared. */
  readonly rank: readonly number[];
}

/** The rules of a route, in its order. */
export function rulesOf(route: GatewayRouteObject): readonly GatewayRule[] {
  return route.kind === "HTTPRoute"
    ? route.spec.rules.map((rule, index) => ({ ...ruleOf(rule, index), matches: rule.matches.map(httpMatch) }))
    : route.spec.rules.map((rule, index) => ({ ...ruleOf(rule, index), matches: rule.matches.map(grpcMatch) }));
}

/** Higher ranks first. */
export function compareRank(a: readonly number[], b: readonly number[]): number {
  for (const [index, rank] of a.entries()) {
    const difference = (b[index] ?? 0) - rank;
    if (difference !== 0) return difference;
  }
  return 0;
}

type SomeRule = GatewayRouteObject["spec"]["rules"][number];

function ruleOf(rule: SomeRule, index: number): Omit<GatewayRule, "matches"> {
  const { name = `rules[${index}]`, filters, backendRefs, sessionPersistence } = rule;
  return {
    path: `spec.rules[${index}]`,
    name,
    filters,
    backendRefs,
    ...("timeouts" in rule && { timeouts: rule.timeouts }),
    ...("retry" in rule && { retry: rule.retry }),
    unheeded: sessionPersistence === undefined ? [] : ["sessionPersistence"],
  };
}

/** Exact paths go before patterns, patterns before prefixes; the longer one first. */
const PATH_RANK = { Exact: 2, RegularExpression: 1, PathPrefix: 0 } as const;
const PATH_FORM = { Exact: "exact", RegularExpression: "regex", PathPrefix: "prefix" } as const;

function httpMatch(match: HttpRouteMatch): RankedMatch {
  const { path: { type, value } = { type: "PathPrefix", value: "/" } as const, method } = match;
  const headers = distinct(match.headers, (name) => name.toLowerCase());
  const query = distinct(match.queryParams, (name) => name);
  return {
    match: {
      path: { [PATH_FORM[type]]: value },
      headers: headers.map(valueMatch),
      query: query.map(valueMatch),
      ...(method && { method }),
    },
    rank: [PATH_RANK[type], value.length, method ? 1 : 0, headers.length, query.length],
  };
}

/** A gRPC method is a path of two segments. */
function grpcMatch({ method, headers: given }: GrpcRouteMatch): RankedMatch {
  const headers = distinct(given, (name) => name.toLowerCase());
  const { service, method: name } = method ?? {};
  return {
    match: {
      ...(method && { path: grpcPath(method) }),
      headers: headers.map(valueMatch),
    },
    rank: [service?.length ?? 0, name?.length ?? 0, headers.length],
  };
}

function grpcPath({ type, service, method }: NonNullable<GrpcRouteMatch["method"]>): NonNullable<RouteMatch["path"]> {
  if (type === "Exact" && service !== undefined && method !== undefined) return { exact: `/${service}/${method}` };
  const pattern = (text: string | undefined): string => {
    if (text === undefined) return "[^/]+";
    return type === "Exact" ? text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&") : `(?:${text})`;
  };
  return { regex: `/${pattern(service)}/${pattern(method)}` };
}

interface Comparison {
  readonly type: "Exact" | "RegularExpression";
  readonly name: string;
  readonly value: string;
}

function valueMatch({ type, name, value }: Comparison): ValueMatch {
  return type === "Exact" ? { name, exact: value } : { name, regex: value };
}

/** Of several comparisons of one name only the first counts. */
function distinct(comparisons: readonly Comparison[], keyOf: (name: string) => string): readonly Comparison[] {
  const first = new Map<string, Comparison>();
  for (const comparison of comparisons) {
    const key = keyOf(comparison.name);
    if (!first.has(key)) first.set(key, comparison);
  }
  return [...first.values()];
}
