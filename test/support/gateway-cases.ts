/** Mistakes in routes of the Gateway API, each beside the nearest route that is right. For files and for a cluster alike. */

export interface GatewayCase {
  readonly title: string;
  readonly wrong: object;
  /** What the diagnostics say. */
  readonly words: string;
  readonly right: object;
}

export const BACKEND = { name: "checkout", port: 80 };

/** A route with one rule. */
export function httpRoute(rule: object, spec: object = {}): object {
  return routeOf("HTTPRoute", [rule], spec);
}

export function grpcRoute(rule: object): object {
  return routeOf("GRPCRoute", [rule], {});
}

function routeOf(kind: string, rules: readonly object[], spec: object): object {
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind,
    metadata: { name: "checkout", namespace: "default" },
    spec: { parentRefs: [{ group: "", kind: "Service", name: "checkout" }], rules, ...spec },
  };
}

function path(type: string, value: string): object {
  return httpRoute({ matches: [{ path: { type, value } }] });
}

function filter(...filters: readonly object[]): object {
  return httpRoute({ filters, backendRefs: [BACKEND] });
}

const headers = (fields: object): object => ({ type: "RequestHeaderModifier", requestHeaderModifier: fields });
const mirror = (fields: object): object => ({
  type: "RequestMirror",
  requestMirror: { backendRef: BACKEND, ...fields },
});
const prefix = { type: "ReplacePrefixMatch", replacePrefixMatch: "/v2" };
const rewrite = { type: "URLRewrite", urlRewrite: { path: prefix } };
const api = { path: { type: "PathPrefix", value: "/api" } };

const TABLE: readonly [title: string, wrong: object, words: string, right: object][] = [
  [
    "relative path",
    path("PathPrefix", "api"),
    "HED1209 spec.rules[0].matches[0].path.value: must start with /",
    path("PathPrefix", "/api"),
  ],
  ["two slashes", path("Exact", "/a//b"), "HED1209", path("Exact", "/a/b")],
  ["a way up", path("Exact", "/a/../b"), "HED1209", path("RegularExpression", "/a/../b")],
  ["a slash in disguise", path("PathPrefix", "/a%2fb"), "HED1209", path("PathPrefix", "/a%20b")],
  ["a query", path("Exact", "/a?b"), "HED1209", path("Exact", "/a")],
  [
    "unknown comparison",
    path("Prefix", "/a"),
    'HED1104 spec.rules[0].matches[0].path.type: must be one of Exact, PathPrefix, RegularExpression, not "Prefix"',
    path("PathPrefix", "/a"),
  ],
  [
    "unknown method",
    httpRoute({ matches: [{ method: "FETCH" }] }),
    "HED1104 spec.rules[0].matches[0].method",
    httpRoute({ matches: [{ method: "GET" }] }),
  ],
  [
    "header without a value",
    httpRoute({ matches: [{ headers: [{ name: "x-a" }] }] }),
    "HED1102 spec.rules[0].matches[0].headers[0].value: is required",
    httpRoute({ matches: [{ headers: [{ name: "x-a", value: "1" }] }] }),
  ],
  [
    "backend without a port",
    httpRoute({ backendRefs: [{ name: "checkout" }] }),
    "HED1202 spec.rules[0].backendRefs[0].port: must have a port, since it is a Service",
    httpRoute({ backendRefs: [{ name: "checkout", kind: "Bucket", group: "example.com" }] }),
  ],
  [
    "too great a weight",
    httpRoute({ backendRefs: [{ ...BACKEND, weight: 1_000_001 }] }),
    "HED1104 spec.rules[0].backendRefs[0].weight: must be at most 1000000",
    httpRoute({ backendRefs: [{ ...BACKEND, weight: 1_000_000 }] }),
  ],
  [
    "filter without its field",
    filter({ type: "RequestMirror" }),
    "HED1250 spec.rules[0].filters[0].requestMirror: must have the one field that its type names; type is RequestMirror",
    filter(mirror({})),
  ],
  [
    "field of another filter",
    filter({ ...mirror({}), urlRewrite: { hostname: "a.example" } }),
    "HED1250 spec.rules[0].filters[0].urlRewrite",
    filter(mirror({}), { type: "URLRewrite", urlRewrite: { hostname: "a.example" } }),
  ],
  [
    "a filter twice",
    filter(headers({ remove: ["x-a"] }), headers({ remove: ["x-b"] })),
    "HED1251 spec.rules[0].filters[1]: must not have two filters of one type",
    filter(mirror({}), mirror({})),
  ],
  [
    "redirect and rewrite",
    httpRoute({
      filters: [
        { type: "RequestRedirect", requestRedirect: { port: 81 } },
        { type: "URLRewrite", urlRewrite: { hostname: "a" } },
      ],
    }),
    "HED1251 spec.rules[0].filters: must not have",
    httpRoute({ filters: [{ type: "RequestRedirect", requestRedirect: { port: 81 } }] }),
  ],
  [
    "redirect and backend",
    filter({ type: "RequestRedirect", requestRedirect: { scheme: "https" } }),
    "HED1212 spec.rules[0].backendRefs: must not have backendRefs beside RequestRedirect",
    httpRoute({ filters: [{ type: "RequestRedirect", requestRedirect: { scheme: "https" } }] }),
  ],
  [
    "status of no redirect",
    httpRoute({ filters: [{ type: "RequestRedirect", requestRedirect: { statusCode: 304 } }] }),
    "HED1104 spec.rules[0].filters[0].requestRedirect.statusCode: must be one of 301, 302, 303, 307, 308, not 304",
    httpRoute({ filters: [{ type: "RequestRedirect", requestRedirect: { statusCode: 308 } }] }),
  ],
  [
    "no prefix to replace",
    httpRoute({ matches: [{ path: { type: "Exact", value: "/a" } }], filters: [rewrite], backendRefs: [BACKEND] }),
    "HED1213 spec.rules[0].filters[0]: must have exactly one match, by PathPrefix",
    httpRoute({ matches: [api], filters: [rewrite], backendRefs: [BACKEND] }),
  ],
  [
    "two prefixes to replace",
    httpRoute({ matches: [api, api], filters: [rewrite], backendRefs: [BACKEND] }),
    "HED1213 spec.rules[0].filters[0]",
    httpRoute({ matches: [api, api], filters: [], backendRefs: [BACKEND] }),
  ],
  [
    "path without its field",
    httpRoute({
      matches: [api],
      filters: [{ type: "URLRewrite", urlRewrite: { path: { type: "ReplaceFullPath", replacePrefixMatch: "/" } } }],
    }),
    "HED1250 spec.rules[0].filters[0].urlRewrite.path.replaceFullPath",
    httpRoute({
      matches: [api],
      filters: [{ type: "URLRewrite", urlRewrite: { path: { type: "ReplaceFullPath", replaceFullPath: "/" } } }],
    }),
  ],
  [
    "header set twice",
    filter(
      headers({
        set: [
          { name: "x-a", value: "1" },
          { name: "x-a", value: "2" },
        ],
      }),
    ),
    "HED1204 spec.rules[0].filters[0].requestHeaderModifier.set[1].name: must not name a header twice",
    filter(headers({ set: [{ name: "x-a", value: "1" }], add: [{ name: "x-a", value: "2" }] })),
  ],
  [
    "percent and fraction",
    filter(mirror({ percent: 1, fraction: { numerator: 1 } })),
    "HED1201 spec.rules[0].filters[0].requestMirror: must not have both percent and fraction",
    filter(mirror({ fraction: { numerator: 1 } })),
  ],
  [
    "more than the whole",
    filter(mirror({ fraction: { numerator: 101 } })),
    "HED1104 spec.rules[0].filters[0].requestMirror.fraction: must have a numerator",
    filter(mirror({ fraction: { numerator: 101, denominator: 1000 } })),
  ],
  [
    "a try longer than the request",
    httpRoute({ timeouts: { request: "1s", backendRequest: "2s" } }),
    "HED1208 spec.rules[0].timeouts.backendRequest",
    httpRoute({ timeouts: { request: "0s", backendRequest: "2s" } }),
  ],
  [
    "no duration",
    httpRoute({ timeouts: { request: "1 second" } }),
    "HED1104 spec.rules[0].timeouts.request: must be a duration",
    httpRoute({ timeouts: { request: "1s" } }),
  ],
  [
    "no rules",
    httpRoute({}, { rules: [] }),
    "HED1104 spec.rules: must have at least 1 entry",
    httpRoute({}, { rules: undefined }),
  ],
  [
    "parent without a name",
    httpRoute({}, { parentRefs: [{ kind: "Service" }] }),
    "HED1102 spec.parentRefs[0].name",
    httpRoute({}, { parentRefs: [] }),
  ],
  [
    "neither service nor method",
    grpcRoute({ matches: [{ method: { type: "Exact" } }] }),
    "HED1201 spec.rules[0].matches[0].method: must have a service or a method",
    grpcRoute({ matches: [{ method: { service: "a.B" } }] }),
  ],
  [
    "a filter of HTTPRoutes",
    grpcRoute({ filters: [{ type: "RequestMirror", urlRewrite: { hostname: "a" } }] }),
    "HED1250 spec.rules[0].filters[0].requestMirror",
    grpcRoute({ filters: [mirror({})] }),
  ],
];

export const GATEWAY_CASES: readonly GatewayCase[] = TABLE.map(([title, wrong, words, right]) => ({
  title,
  wrong,
  words,
  right,
}));
