/**
 * Random manifests for fuzzing: mostly valid, so that they get deep, with a share of every kind of nonsense. Names, hosts,
 * ports and labels come from small sets, so that objects meet: policies find targets, slices their services, hosts overlap.
 */
import fc from "fast-check";
import { parseObject } from "../../src/api/parse-object.ts";
import { LB_POLICIES, METHODS, RETRY_CONDITIONS } from "../../src/api/traffic-policy.ts";
import type { Sourced } from "../../src/model/objects.ts";
import { podAnnotations } from "./arbitrary-annotations.ts";
import { grpcRoute, httpRoute, referenceGrant } from "./arbitrary-gateway.ts";
import { HOSTILE } from "./hostile-text.ts";

/** One document as a parsed YAML value. */
export type Manifest = Record<string, unknown>;

/** Mostly the first, now and then the second: a valid value beside a wrong one. */
function mostly<T, U>(right: fc.Arbitrary<T>, wrong: fc.Arbitrary<U>): fc.Arbitrary<T | U> {
  return fc.oneof({ arbitrary: right, weight: 240 }, { arbitrary: wrong, weight: 1 });
}

const wrong = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.constant(null),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant([]),
  fc.constant({}),
  fc.anything({ maxDepth: 2 }),
);
const name = mostly(fc.constantFrom("a", "b", "c", "checkout", "a-b"), wrong);
const namespace = mostly(fc.constantFrom("default", "shop", "b"), wrong);
const labelValue = mostly(fc.constantFrom("v1", "v2", "a", ""), wrong);
const labels = mostly(
  fc.dictionary(fc.constantFrom("app", "version", "example.com/x"), labelValue, { maxKeys: 3, noNullPrototype: true }),
  wrong,
);
const portNumber = mostly(
  fc.constantFrom(80, 443, 8080, 53, 15001, 15006, 65535),
  fc.oneof(fc.constantFrom(0, -1, 65536, 1.5, "80"), wrong),
);
const portName = mostly(fc.constantFrom("http", "grpc", "tcp-x", "web", "constructor", "https"), wrong);
const address = mostly(
  fc.constantFrom("10.0.0.1", "10.0.0.2", "10.0.0.3", "127.0.0.1", "fd00::1", "::ffff:10.0.0.1"),
  fc.oneof(fc.constantFrom("0.0.0.0", "10.0.0.300", "a.example", "fe80::1%eth0"), wrong),
);
const time = fc.constantFrom("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", null, undefined);
const percent = mostly(fc.constantFrom(0, 1, 33.333, 50, 100), fc.oneof(fc.constantFrom(-1, 101, Number.NaN), wrong));
const duration = mostly(
  fc.constantFrom("1ms", "250ms", "1s", "90s", "5m", "1h30m", "99999h"),
  fc.oneof(fc.constantFrom("0s", "1", "1d", "-1s"), wrong),
);
const count = mostly(fc.constantFrom(0, 1, 1000, 4294967295), wrong);

/** An object with any of the fields, each of which may be missing. */
function some<T extends object>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<unknown> {
  return mostly(fc.record(fields, { requiredKeys: [], noNullPrototype: true }), wrong);
}

/** An object with these fields, some of which may be missing. */
function withSome<T extends object>(
  fields: { [K in keyof T]: fc.Arbitrary<T[K]> },
  requiredKeys: readonly (keyof T)[],
): fc.Arbitrary<unknown> {
  return mostly(fc.record(fields, { requiredKeys: [...requiredKeys] as never, noNullPrototype: true }), wrong);
}

/** An object with exactly one of the fields, now and then with any of them. */
function oneOf(
  fields: Record<string, fc.Arbitrary<unknown>>,
  always: Record<string, fc.Arbitrary<unknown>> = {},
): fc.Arbitrary<unknown> {
  const single = fc
    .constantFrom(...Object.entries(fields))
    .chain(([key, value]) => fc.record({ [key]: value, ...always }, { noNullPrototype: true }));
  return mostly(single, fc.record({ ...fields, ...always }, { requiredKeys: [], noNullPrototype: true }));
}

function list<T>(item: fc.Arbitrary<T>, maxLength: number, minLength = 0): fc.Arbitrary<unknown> {
  return mostly(fc.array(item, { minLength, maxLength }), wrong);
}

function object(
  apiVersion: string,
  kind: string,
  fields: Record<string, fc.Arbitrary<unknown>>,
  metaFields = {},
): fc.Arbitrary<Manifest> {
  const metadata = fc.record(
    { name, namespace, labels, creationTimestamp: time, ...metaFields },
    { requiredKeys: ["name"], noNullPrototype: true },
  );
  return fc.record(
    {
      apiVersion: fc.constant(apiVersion),
      kind: fc.constant(kind),
      metadata: mostly(metadata, wrong),
      ...fields,
    },
    { noNullPrototype: true },
  );
}

const servicePort = fc.record(
  {
    name: portName,
    port: portNumber,
    targetPort: fc.oneof(portNumber, portName),
    protocol: mostly(fc.constantFrom("TCP", "UDP", "SCTP"), wrong),
    appProtocol: mostly(fc.constantFrom("http", "grpc", "tcp", "kubernetes.io/ws", "example.com/x"), wrong),
  },
  { requiredKeys: ["name", "port"], noNullPrototype: true },
);
const servicePorts = mostly(
  fc
    .uniqueArray(servicePort, { maxLength: 4, selector: (p) => JSON.stringify(p.name) })
    .map((ports) => [...new Map(ports.map((p) => [p.port, p])).values()]),
  fc.array(servicePort, { maxLength: 4 }),
);

const service = object("v1", "Service", {
  spec: some({
    type: fc.oneof({ arbitrary: fc.constant("ClusterIP"), weight: 6 }, { arbitrary: wrong, weight: 1 }),
    clusterIP: fc.oneof(
      { arbitrary: fc.constantFrom("10.96.0.1", "10.96.0.2", "None", ""), weight: 10 },
      { arbitrary: address, weight: 2 },
    ),
    ports: servicePorts,
    selector: labels,
    publishNotReadyAddresses: fc.boolean(),
    trafficDistribution: mostly(fc.constantFrom("PreferClose", "PreferSameNode", "PreferOrbit"), wrong),
    internalTrafficPolicy: mostly(fc.constantFrom("Cluster", "Local"), wrong),
  }),
});
const externalName = object("v1", "Service", {
  spec: fc.record(
    {
      type: fc.constant("ExternalName"),
      externalName: mostly(fc.constantFrom("a.shop.svc.cluster.local", "db.example.com"), wrong),
      ports: servicePorts,
    },
    { noNullPrototype: true },
  ),
});

const slice = object(
  "discovery.k8s.io/v1",
  "EndpointSlice",
  {
    ports: list(fc.record({ name: portName, port: portNumber }, { noNullPrototype: true }), 3),
    addressType: mostly(fc.constantFrom("IPv4", "IPv6"), fc.constantFrom("FQDN", "x")),
    endpoints: list(
      fc.record(
        {
          addresses: mostly(fc.array(address, { minLength: 1, maxLength: 2 }), wrong),
          conditions: some({
            ready: fc.constantFrom(true, false, null),
            serving: fc.boolean(),
            terminating: fc.boolean(),
          }),
          zone: mostly(fc.constantFrom("z1", "z2"), wrong),
          nodeName: mostly(fc.constantFrom("n1", "n2"), wrong),
          targetRef: some({ kind: fc.constantFrom("Pod", "VM"), name }),
        },
        { requiredKeys: ["addresses"], noNullPrototype: true },
      ),
      6,
    ),
  },
  { labels: fc.constantFrom("a", "b", "checkout", "none").map((to) => ({ "kubernetes.io/service-name": to })) },
);

const pod = object(
  "v1",
  "Pod",
  {
    spec: some({
      nodeName: mostly(fc.constantFrom("n1", "n2"), wrong),
      hostNetwork: fc.boolean(),
      containers: list(
        some({
          ports: list(
            fc.record(
              { name: portName, containerPort: portNumber, protocol: mostly(fc.constantFrom("TCP", "UDP"), wrong) },
              { requiredKeys: ["name", "containerPort"], noNullPrototype: true },
            ),
            3,
          ),
        }),
        2,
      ),
    }),
    status: some({
      podIP: address,
      podIPs: list(fc.record({ ip: address }, { noNullPrototype: true }), 2),
      phase: fc.constantFrom("Running", "Failed"),
      conditions: list(
        fc.record({ type: fc.constant("Ready"), status: fc.constantFrom("True", "False") }, { noNullPrototype: true }),
        1,
      ),
    }),
  },
  {
    annotations: podAnnotations,
  },
);

const value = {
  exact: mostly(fc.constantFrom("a", "true", "x y", 'a"b', "ü"), wrong),
  prefix: mostly(fc.constantFrom("a", "/"), wrong),
  suffix: mostly(fc.constantFrom("a", ".b"), wrong),
  contains: mostly(fc.constantFrom("a", ";"), wrong),
  regex: mostly(fc.constantFrom("a+", "[a-z]{2,3}", "(?i)x", ".*", "\\d+", "a|b"), wrong),
  present: fc.boolean(),
};
const token = mostly(fc.constantFrom("x-user", "Cookie", "host", "a", "x_y"), wrong);
const pathValue = mostly(fc.constantFrom("/", "/api", "/api/", "//", "/a b", "/é", "/%2e", "/API"), wrong);
const grpcName = mostly(fc.constantFrom("a", "a.b.C", "_x"), wrong);
const common = {
  headers: list(oneOf(value, { name: token }), 3),
  query: list(oneOf(value, { name: token }), 2),
  cookies: list(oneOf(value, { name: token }), 2),
  from: some({
    namespaces: list(namespace, 2, 1),
    serviceAccounts: list(name, 2, 1),
    labels: mostly(fc.constantFrom({ app: "a" }, { version: "v1", app: "" }), wrong),
  }),
};
const match = fc.oneof(
  {
    arbitrary: some({
      path: oneOf({ exact: pathValue, prefix: pathValue, regex: mostly(fc.constantFrom("/.*", "/a/[0-9]+"), wrong) }),
      method: mostly(fc.constantFrom(...METHODS), wrong),
      ...common,
    }),
    weight: 6,
  },
  {
    arbitrary: some({
      grpc: fc.record(
        { service: grpcName, method: mostly(fc.constantFrom("a", "_x"), wrong) },
        { requiredKeys: ["service"], noNullPrototype: true },
      ),
      ...common,
    }),
    weight: 1,
  },
);
const backend = fc.oneof(
  fc.record({ subset: mostly(fc.constantFrom("v1", "v2"), fc.constantFrom("v3", "")) }, { noNullPrototype: true }),
  fc.record(
    { service: mostly(fc.constantFrom("a", "b", "checkout.shop", "gone"), wrong), port: portNumber },
    { noNullPrototype: true },
  ),
);
/** All entries with a weight or none. */
const split = fc
  .tuple(
    fc.uniqueArray(backend, { minLength: 1, maxLength: 4, selector: (b) => JSON.stringify(b) }),
    fc.boolean(),
    fc.array(fc.constantFrom(1, 0, 50, 1_000_000), { minLength: 4, maxLength: 4 }),
  )
  .map(([backends, weighted, weights]) =>
    backends.map((b, i) => (weighted ? { ...b, weight: i === 0 ? 1 : weights[i] } : b)),
  );
const text = mostly(fc.constantFrom("", "a", "100%", "%REQ(host)%", "ü", "a\tb"), wrong);
const edited = mostly(fc.constantFrom("x-a", "Server", "cookie", "X-B", "te", "content-length", "connection"), wrong);
const edits = some({
  set: list(fc.record({ name: edited, value: text }, { noNullPrototype: true }), 2, 1),
  add: list(fc.record({ name: edited, value: text }, { noNullPrototype: true }), 2, 1),
  remove: list(edited, 2, 1),
});
const hostName = mostly(fc.constantFrom("a.example", "A", "10.0.0.1"), wrong);
const status = mostly(fc.constantFrom(200, 204, 418, 503, 599), fc.constantFrom(100, 600));
/** What goes with every kind of route. */
const filters = {
  headers: some({ request: edits, response: edits }),
  cors: withSome(
    {
      allowOrigins: list(
        oneOf({ exact: fc.constantFrom("*", "https://a.example"), suffix: value.suffix, regex: value.regex }),
        2,
        1,
      ),
      allowMethods: list(fc.constantFrom(...METHODS), 2, 1),
      allowHeaders: list(token, 2, 1),
      exposeHeaders: list(token, 2, 1),
      maxAge: duration,
      allowCredentials: mostly(fc.constant(false), fc.constant(true)),
    },
    ["allowOrigins"],
  ),
  fault: oneOf({
    delay: oneOf({ fixed: duration, header: fc.constant(true) }, { percent }),
    abort: oneOf({ status, header: fc.constant(true) }, { percent }),
  }),
};
const prefixMatch = fc.record(
  { path: fc.record({ prefix: pathValue }, { noNullPrototype: true }) },
  { noNullPrototype: true },
);
const rewritten = some({ prefix: pathValue, host: hostName });
const redirecting = some({
  match: list(prefixMatch, 2, 1),
  redirect: some({
    scheme: fc.constantFrom("http", "https"),
    host: hostName,
    port: portNumber,
    prefix: pathValue,
    status: fc.constantFrom(301, 302, 303, 307, 308),
  }),
  ...filters,
});
const answering = some({ match: list(match, 2, 1), directResponse: some({ status, body: text }), ...filters });
const rewriting = some({ match: list(prefixMatch, 2, 1), rewrite: rewritten, ...filters });
const rateLimit = withSome(
  {
    requests: mostly(fc.constantFrom(1, 1000, 1_000_000_000), wrong),
    per: mostly(fc.constantFrom("50ms", "1s", "1h"), duration),
    burst: mostly(fc.constantFrom(1, 5000), wrong),
    scope: mostly(fc.constantFrom("Sidecar", "Fleet"), wrong),
    service: withSome(
      {
        name: fc.constantFrom("a", "b", "checkout.shop", "gone"),
        port: portNumber,
        domain: text,
        failureMode: fc.constantFrom("Allow", "Deny"),
        descriptors: list(fc.record({ key: text, value: text }, { noNullPrototype: true }), 2, 1),
      },
      ["name", "port"],
    ),
    by: list(oneOf({ header: token, caller: fc.constant(true) }), 3, 1),
  },
  ["requests"],
);
const cookiePath = mostly(fc.constantFrom("/", "/api"), pathValue);
const forwarding = some({
  rateLimit,
  match: list(match, 3, 1),
  ...filters,
  rewrite: oneOf({
    regex: fc.record({ pattern: value.regex, substitution: text }, { noNullPrototype: true }),
    host: hostName,
  }),
  split: mostly(split, wrong),
  sticky: fc.oneof(
    oneOf({ header: token, cookie: token, query: token }),
    fc.record(
      { cookie: token, ttl: duration, path: cookiePath },
      { requiredKeys: ["cookie", "ttl"], noNullPrototype: true },
    ),
  ),
  mirror: list(
    fc.tuple(backend, percent).map(([b, p]) => ({ ...b, percent: p })),
    2,
    1,
  ),
  timeout: duration,
  retries: fc.record(
    {
      attempts: mostly(fc.integer({ min: 0, max: 10 }), wrong),
      perTryTimeout: duration,
      conditions: list(mostly(fc.constantFrom(...RETRY_CONDITIONS), wrong), 4, 1),
      onStatus: list(mostly(fc.constantFrom(500, 503, 429, 100, 599), wrong), 3, 1),
      retryAfter: some({ max: duration }),
      backoff: some({
        base: mostly(fc.constantFrom("1ms", "25ms"), wrong),
        max: mostly(fc.constantFrom("25ms", "1s"), wrong),
      }),
    },
    { requiredKeys: ["attempts"], noNullPrototype: true },
  ),
});
const route = fc.oneof(
  { arbitrary: forwarding, weight: 6 },
  { arbitrary: rewriting, weight: 1 },
  { arbitrary: redirecting, weight: 1 },
  { arbitrary: answering, weight: 1 },
);
const atLeastOne = mostly(fc.constantFrom(1, 5, 1_000_000), count);
const statistics = { minEndpoints: atLeastOne, minRequests: atLeastOne };
const affinity = oneOf(
  {
    header: token,
    cookie: fc.record(
      { name: token, ttl: duration, path: cookiePath },
      { requiredKeys: ["name"], noNullPrototype: true },
    ),
  },
  { strict: fc.boolean() },
);
const zoneName = mostly(fc.constantFrom("z1", "z2"), wrong);
const distribute = list(
  fc.record(
    {
      from: mostly(fc.constantFrom("*", "r1", "r1/z1", "r2"), wrong),
      to: mostly(
        fc.uniqueArray(
          fc.record(
            { region: fc.constant("r1"), zone: zoneName, weight: mostly(fc.constantFrom(1, 7, 1_000_000), wrong) },
            { requiredKeys: ["region", "weight"], noNullPrototype: true },
          ),
          { minLength: 1, maxLength: 3, selector: (to) => JSON.stringify(to.zone) },
        ),
        wrong,
      ),
    },
    { noNullPrototype: true },
  ),
  2,
  1,
);
const policy = object("heddle.dev/v1alpha1", "TrafficPolicy", {
  spec: mostly(
    fc.record(
      {
        targetRefs: mostly(
          fc
            .uniqueArray(fc.constantFrom("a", "b", "c", "checkout", "gone"), { minLength: 1, maxLength: 2 })
            .map((names) => names.map((n) => ({ kind: "Service", name: n }))),
          wrong,
        ),
        subsets: fc.constantFrom(
          [
            { name: "v1", labels: { version: "v1" } },
            { name: "v2", labels: { version: "v2" } },
          ],
          [
            { name: "v1", labels: { version: "v1" } },
            { name: "v2", labels: { app: "none" } },
          ],
          [
            { name: "v1", labels: { version: "v1" } },
            { name: "v2", labels: { app: "a" } },
          ],
        ),
        routes: list(route, 4),
        tcp: fc.record({ split: mostly(split, wrong) }, { noNullPrototype: true }),
        loadBalancing: fc.oneof(
          some({
            policy: mostly(fc.constantFrom("RoundRobin", "LeastRequest"), fc.constantFrom(...LB_POLICIES)),
            slowStart: duration,
            locality: some({ failover: fc.boolean() }),
            affinity,
          }),
          some({ policy: fc.constantFrom("RoundRobin", "LeastRequest", "Random"), locality: some({ distribute }) }),
          fc.record(
            {
              policy: fc.constantFrom("RingHash", "Maglev"),
              hashOn: oneOf({ header: token, cookie: token, query: token, sourceIP: fc.constant(true) }),
              boundedLoad: fc.record(
                { percent: mostly(fc.constantFrom(101, 150, 1000), wrong) },
                { noNullPrototype: true },
              ),
            },
            { requiredKeys: ["policy", "hashOn"], noNullPrototype: true },
          ),
        ),
        connection: some({
          connectTimeout: duration,
          idleTimeout: duration,
          maxRequestsPerConnection: count,
          http2: fc.boolean(),
          websocket: fc.boolean(),
        }),
        circuitBreaker: some({
          maxConnections: count,
          maxPendingRequests: count,
          maxRequests: count,
          retryBudget: some({ percent, minConcurrency: count }),
        }),
        admissionControl: some({
          minSuccessPercent: mostly(fc.constantFrom(1, 95.5, 100), wrong),
          window: mostly(fc.constantFrom("1s", "30s"), duration),
          minRequestsPerSecond: count,
          aggression: mostly(fc.constantFrom(1, 2.5), wrong),
          maxRejectPercent: percent,
        }),
        inbound: some({
          maxConnections: count,
          maxPendingRequests: count,
          maxRequests: count,
          adaptiveConcurrency: some({
            percentile: mostly(fc.constantFrom(1, 50, 99.9), wrong),
            updateInterval: duration,
            maxConcurrency: count,
            minLatency: some({
              interval: duration,
              requests: count,
              concurrency: count,
              jitterPercent: percent,
              tolerancePercent: percent,
            }),
          }),
        }),
        healthCheck: oneOf(
          {
            http: some({
              path: pathValue,
              host: hostName,
              expectedStatus: mostly(fc.constantFrom(100, 200, 599), count),
            }),
            grpc: some({ service: text }),
            tcp: fc.constant({}),
          },
          { interval: duration, timeout: duration, unhealthyThreshold: fc.constantFrom(1, 100) },
        ),
        outlierDetection: some({
          consecutive5xx: count,
          consecutiveGatewayErrors: count,
          interval: duration,
          consecutiveLocalErrors: count,
          successRate: some({ deviations: fc.constantFrom(0.1, 1.9, 100), ...statistics }),
          failurePercentage: some({ threshold: fc.constantFrom(1, 85, 100), ...statistics }),
          baseEjectionTime: mostly(fc.constantFrom("1s", "300s"), duration),
          maxEjectionPercent: mostly(fc.integer({ min: 0, max: 100 }), wrong),
        }),
      },
      { requiredKeys: ["targetRefs", "subsets"], noNullPrototype: true },
    ),
    wrong,
  ),
});

const topology = fc.record(
  { "topology.kubernetes.io/zone": fc.constantFrom("z1", "z2"), "topology.kubernetes.io/region": fc.constant("r1") },
  { requiredKeys: [], noNullPrototype: true },
);
const node = object("v1", "Node", {}, { name: fc.constantFrom("n1", "n2"), labels: topology });
const namespaceObject = object("v1", "Namespace", {}, { name: namespace });
const nonsense = fc.oneof(
  fc.record({ apiVersion: wrong, kind: wrong }, { noNullPrototype: true }),
  fc.constantFrom(
    { apiVersion: "heddle.dev/v1", kind: "TrafficPolicy" },
    { apiVersion: "v1", kind: "Secret", metadata: { name: "s" } },
  ),
);

/** A folder's worth of documents. */
export function arbitraryManifests(maxLength = 24): fc.Arbitrary<Manifest[]> {
  const one = fc.oneof(
    { arbitrary: service, weight: 6 },
    { arbitrary: externalName, weight: 1 },
    { arbitrary: slice, weight: 4 },
    { arbitrary: pod, weight: 6 },
    { arbitrary: policy, weight: 6 },
    { arbitrary: httpRoute, weight: 4 },
    { arbitrary: grpcRoute, weight: 1 },
    { arbitrary: referenceGrant, weight: 1 },
    { arbitrary: node, weight: 1 },
    { arbitrary: namespaceObject, weight: 1 },
    { arbitrary: nonsense, weight: 1 },
  );
  return fc.array(one, { maxLength, size: "max" });
}

/** The documents that are valid, as a source would hand them on. */
export function parsedObjects(manifests: readonly unknown[]): readonly Sourced[] {
  return manifests.flatMap((manifest) => {
    const parsed = parseObject(manifest);
    return parsed.outcome === "object" ? [{ object: parsed.object }] : [];
  });
}
