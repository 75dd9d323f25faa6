/**
 * Random routes of the Gateway API for Services of the names that other random manifests have. Mostly such as an API server takes;
 * what it takes and Envoy would not has a share of its own.
 */
import fc from "fast-check";

type Json = Readonly<Record<string, unknown>>;

/** Mostly the first, now and then the second. */
function mostly<T, U>(right: fc.Arbitrary<T>, wrong: fc.Arbitrary<U>): fc.Arbitrary<T | U> {
  return fc.oneof({ arbitrary: right, weight: 30 }, { arbitrary: wrong, weight: 1 });
}

function some(fields: Record<string, fc.Arbitrary<unknown>>, requiredKeys: readonly string[] = []): fc.Arbitrary<Json> {
  return fc.record(fields, { requiredKeys: [...requiredKeys], noNullPrototype: true });
}

const ODD = [
  "",
  "\0",
  "a\r\nx-evil: 1",
  "é",
  "%",
  "%s",
  "\\1",
  "\\",
  "(",
  "(?=a)",
  "[",
  "*",
  "{{x}}",
  "__proto__",
  ":path",
];
const odd = fc.constantFrom(...ODD);
const service = fc.constantFrom("a", "b", "c", "checkout", "gone");
const namespace = fc.constantFrom("default", "shop", "b");
const port = fc.constantFrom(80, 443, 8080, 53);
const header = mostly(
  fc.constantFrom("x-user", "X-User", "cookie", "a", "te", "content-length"),
  fc.constantFrom("Host", ...ODD),
);
const value = mostly(fc.constantFrom("a", "true", "x y", "100%", "%REQ(host)%", "ü"), odd);
const path = mostly(
  fc.constantFrom("/", "/api", "/api/", "/a.b", "/%41", "/a;b=1"),
  fc.constantFrom("//", "/a?b", "api", ...ODD),
);
const pattern = mostly(fc.constantFrom("/.*", "/[a-z]{1,3}", "a|b", "(?i)x", "\\d+"), odd);
const host = mostly(fc.constantFrom("a.example", "checkout"), odd);
const duration = fc.constantFrom("0s", "1ms", "250ms", "10s", "1h");

const backend = {
  name: service,
  namespace: mostly(fc.constant(undefined), namespace),
  port: mostly(port, fc.constant(undefined)),
  kind: mostly(fc.constantFrom("Service", undefined), fc.constantFrom("ServiceImport", "Bucket")),
};
const edited = some({ name: header, value }, ["name", "value"]);
const editedOnce = fc.uniqueArray(edited, { maxLength: 2, selector: ({ name }) => name });
const edits = some({
  set: editedOnce,
  add: editedOnce,
  remove: fc.array(header, { maxLength: 2 }),
});

/** A filter is its type and the field of that name. */
function filter(type: string, field: string, content: fc.Arbitrary<unknown>): fc.Arbitrary<Json> {
  return content.map((inner) => ({ type, [field]: inner }));
}

const requestHeaders = filter("RequestHeaderModifier", "requestHeaderModifier", edits);
const responseHeaders = filter("ResponseHeaderModifier", "responseHeaderModifier", edits);
const mirror = filter(
  "RequestMirror",
  "requestMirror",
  fc.oneof(
    some({ backendRef: some(backend, ["name", "port"]), percent: fc.constantFrom(0, 1, 100) }, ["backendRef"]),
    some({ backendRef: some(backend, ["name", "port"]), fraction: fc.constantFrom({ numerator: 1, denominator: 3 }) }, [
      "backendRef",
    ]),
  ),
);
const modifiedPath = fc.oneof(
  path.map((replaceFullPath) => ({ type: "ReplaceFullPath", replaceFullPath })),
  fc.oneof(path, fc.constant("")).map((replacePrefixMatch) => ({ type: "ReplacePrefixMatch", replacePrefixMatch })),
);
const rewrite = filter("URLRewrite", "urlRewrite", some({ hostname: host, path: modifiedPath }));
const redirect = filter(
  "RequestRedirect",
  "requestRedirect",
  some({
    scheme: fc.constantFrom("http", "https"),
    hostname: host,
    path: modifiedPath,
    port,
    statusCode: fc.constantFrom(301, 302, 303, 307, 308),
  }),
);
const cors = filter(
  "CORS",
  "cors",
  some({
    allowOrigins: fc.array(fc.constantFrom("*", "https://a.example", "https://*.a.example:8443", "http://*"), {
      maxLength: 2,
    }),
    allowCredentials: fc.boolean(),
    allowMethods: fc.constantFrom(["*"], ["GET", "POST"], []),
    allowHeaders: fc.constantFrom(["*"], ["x-a"], []),
    exposeHeaders: fc.constantFrom(["*"], ["x-a"]),
    maxAge: fc.constantFrom(1, 2_147_483_647),
  }),
);
const foreign = fc.constantFrom(
  { type: "ExtensionRef", extensionRef: { group: "g", kind: "K", name: "n" } },
  { type: "Other" },
);

/** One filter of each type at most. */
function filters(...of: readonly fc.Arbitrary<Json>[]): fc.Arbitrary<readonly Json[]> {
  return mostly(
    fc.uniqueArray(fc.oneof(...of), { maxLength: 3, selector: ({ type }) => type }),
    fc.array(foreign, { maxLength: 2 }),
  );
}

const backendRef = some(
  { ...backend, weight: fc.constantFrom(0, 1, 50, 1_000_000), filters: filters(requestHeaders, responseHeaders) },
  ["name", "port"],
);
const backendRefs = fc.array(backendRef, { maxLength: 3 });
const compared = some(
  { type: fc.constantFrom("Exact", "RegularExpression"), name: header, value: mostly(value, pattern) },
  ["name", "value"],
);
const httpPath = fc.oneof(
  some({ type: fc.constantFrom("Exact", "PathPrefix"), value: path }),
  pattern.map((text) => ({ type: "RegularExpression", value: text })),
);
const httpMatch = some({
  path: httpPath,
  headers: fc.array(compared, { maxLength: 2 }),
  queryParams: fc.array(compared, { maxLength: 2 }),
  method: fc.constantFrom("GET", "POST", "CONNECT"),
});
const prefixMatch = path.map((text) => ({ path: { type: "PathPrefix", value: text } }));
const patience = {
  timeouts: fc.oneof(some({ request: duration }), some({ request: fc.constant("0s"), backendRequest: duration })),
  retry: some({ attempts: fc.constantFrom(0, 1, 5), codes: fc.constantFrom([], [500, 503]), backoff: duration }),
};
const rule = fc.oneof(
  {
    arbitrary: some({
      matches: fc.array(httpMatch, { minLength: 1, maxLength: 3 }),
      filters: filters(requestHeaders, responseHeaders, mirror, cors),
      backendRefs,
      ...patience,
      sessionPersistence: fc.constant({ sessionName: "s" }),
    }),
    weight: 3,
  },
  some({ matches: prefixMatch.map((only) => [only]), filters: filters(rewrite, mirror, requestHeaders), backendRefs }),
  some({ matches: prefixMatch.map((only) => [only]), filters: filters(redirect, responseHeaders, cors) }),
);
const parentRef = some(
  {
    group: mostly(fc.constant(""), fc.constant(undefined)),
    kind: mostly(fc.constant("Service"), fc.constantFrom("Gateway", undefined)),
    name: service,
    namespace: fc.oneof({ arbitrary: fc.constant(undefined), weight: 2 }, { arbitrary: namespace, weight: 1 }),
    port: fc.constantFrom(undefined, 80, 8080),
    sectionName: mostly(fc.constant(undefined), fc.constantFrom("http", "web")),
  },
  ["group", "kind", "name"],
);

function route(kind: string, rules: fc.Arbitrary<unknown>): fc.Arbitrary<Record<string, unknown>> {
  return fc.record(
    {
      apiVersion: fc.constant("gateway.networking.k8s.io/v1"),
      kind: fc.constant(kind),
      metadata: some(
        {
          name: service,
          namespace,
          creationTimestamp: fc.constantFrom("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
        },
        ["name", "namespace"],
      ),
      spec: some(
        {
          parentRefs: fc.array(parentRef, { minLength: 1, maxLength: 2 }),
          hostnames: fc.constantFrom([], ["a.example"]),
          rules,
        },
        ["parentRefs"],
      ),
    },
    { noNullPrototype: true },
  );
}

export const httpRoute = route("HTTPRoute", fc.array(rule, { minLength: 1, maxLength: 3 }));

const name = mostly(fc.constantFrom("a.B", "Get", "x"), odd);
const grpcMethod = some({ type: fc.constantFrom("Exact", "RegularExpression"), service: name, method: name });
export const grpcRoute = route(
  "GRPCRoute",
  fc.array(
    some({
      matches: fc.array(some({ method: grpcMethod, headers: fc.array(compared, { maxLength: 2 }) }), {
        minLength: 1,
        maxLength: 2,
      }),
      filters: filters(requestHeaders, responseHeaders, mirror),
      backendRefs,
    }),
    { maxLength: 3 },
  ),
);

export const referenceGrant: fc.Arbitrary<Record<string, unknown>> = fc
  .record({
    namespace,
    from: namespace,
    kind: fc.constantFrom("HTTPRoute", "GRPCRoute"),
    to: fc.option(service, { nil: undefined }),
  })
  .map(({ namespace: own, from, kind, to }) => ({
    apiVersion: "gateway.networking.k8s.io/v1beta1",
    kind: "ReferenceGrant",
    metadata: { name: `${from}-${kind.toLowerCase()}`, namespace: own },
    spec: {
      from: [{ group: "gateway.networking.k8s.io", kind, namespace: from }],
      to: [{ group: "", kind: "Service", ...(to !== undefined && { name: to }) }],
    },
  }));

/** Routes and grants beside Services that all of them may mean, and a caller of its own namespace. */
export function arbitraryRoutes(): fc.Arbitrary<readonly Record<string, unknown>[]> {
  const services = ["default", "shop", "b"].flatMap((own) =>
    ["a", "b", "c", "checkout"].map((name, index) => ({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, namespace: own },
      spec: {
        clusterIP: `10.96.${own.length}.${index + 1}`,
        ports: [80, 443, 8080].map((number) => ({ name: `http-${number}`, port: number })),
      },
    })),
  );
  const caller = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", namespace: "shop" },
    spec: {},
    status: { podIP: "10.0.0.9" },
  };
  const routes = fc.array(fc.oneof({ arbitrary: httpRoute, weight: 5 }, grpcRoute, referenceGrant), {
    minLength: 8,
    maxLength: 16,
  });
  return routes.map((documents) => [...services, caller, ...documents]);
}
