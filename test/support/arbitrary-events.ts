/** Random events of a small, dense mesh: objects that name one another come, change and go one at a time. */
import fc from "fast-check";
import { objectSet, type ObjectSet, type Sourced } from "../../src/model/objects.ts";
import { parsedObjects } from "./arbitrary-manifests.ts";

/** One object is put in place of what had its identity, or taken away. */
export interface MeshEvent {
  readonly manifest: Manifest;
  readonly gone: boolean;
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

/** The objects after each event, where what an event does not name keeps its identity. */
export function* statesOf(events: readonly MeshEvent[]): Iterable<ObjectSet> {
  const objects = new Map<string, Sourced>();
  for (const { manifest, gone } of events) {
    const key = `${manifest.kind}/${manifest.metadata.namespace ?? ""}/${manifest.metadata.name}`;
    const [parsed] = parsedObjects([manifest]);
    if (gone || !parsed) objects.delete(key);
    else objects.set(key, parsed);
    yield objectSet(objects.values());
  }
}

const namespace = fc.constantFrom("shop", "other");
const app = fc.constantFrom("a", "b");
const version = fc.constantFrom("v1", "v2");
const pod = fc.constantFrom("p1", "p2", "p3");
const node = fc.constantFrom("n1", "n2");
const address = fc.constantFrom("10.0.0.1", "10.0.0.2", "10.0.0.3");
const createdAt = fc.constantFrom("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");

const services = fc
  .record({
    namespace,
    name: app,
    selector: fc.option(app),
    port: fc.constantFrom(80, 90, 5432),
    createdAt,
    headless: fc.boolean(),
    exported: fc.option(fc.constantFrom(".", "shop", "*"), { freq: 3 }),
  })
  .map(({ namespace: ns, name, selector, port, createdAt: at, headless, exported }) => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name,
      namespace: ns,
      creationTimestamp: at,
      ...(exported !== null && { annotations: { "heddle.dev/export-to": exported } }),
    },
    spec: {
      ...(headless ? { clusterIP: "None" } : { clusterIP: name === "a" ? "10.96.0.1" : "10.96.0.2" }),
      ...(selector === null ? {} : { selector: { app: selector } }),
      ports: [
        { name: "http", port, targetPort: port === 80 ? "web" : 8080 },
        { name: "tcp", port: port === 5432 ? 5433 : 5432 },
      ],
    },
  }));

const pods = fc
  .record({
    namespace,
    name: pod,
    app,
    version,
    node,
    address,
    deleting: fc.boolean(),
    ready: fc.boolean(),
    finished: fc.boolean(),
    web: fc.constantFrom(8080, 8081),
  })
  .map((p) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: p.name,
      namespace: p.namespace,
      labels: { app: p.app, version: p.version },
      ...(p.deleting && { deletionTimestamp: "2026-01-03T00:00:00Z" }),
    },
    spec: { nodeName: p.node, containers: [{ name: "app", ports: [{ name: "web", containerPort: p.web }] }] },
    status: {
      podIP: p.address,
      phase: p.finished ? "Succeeded" : "Running",
      conditions: [{ type: "Ready", status: p.ready ? "True" : "False" }],
    },
  }));

const slices = fc
  .record({
    namespace,
    name: fc.constantFrom("s1", "s2"),
    service: app,
    entries: fc.array(
      fc.record({
        address,
        pod: fc.option(pod),
        node: fc.option(node),
        ready: fc.boolean(),
        terminating: fc.boolean(),
      }),
      { maxLength: 3 },
    ),
    port: fc.constantFrom(8080, 8081),
  })
  .map((s) => ({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: s.name, namespace: s.namespace, labels: { "kubernetes.io/service-name": s.service } },
    addressType: "IPv4",
    ports: [{ name: "http", port: s.port }],
    endpoints: s.entries.map((e) => ({
      addresses: [e.address],
      conditions: { ready: e.ready, terminating: e.terminating },
      ...(e.node === null ? {} : { nodeName: e.node }),
      ...(e.pod === null ? {} : { targetRef: { kind: "Pod", name: e.pod } }),
    })),
  }));

function nodeIn(name: string, zone: string): Manifest {
  const labels = { "topology.kubernetes.io/region": "r", "topology.kubernetes.io/zone": zone };
  return { apiVersion: "v1", kind: "Node", metadata: { name, labels } };
}
const NODES = [nodeIn("n1", "z1"), nodeIn("n2", "z2")];
const nodes = fc.record({ name: node, zone: fc.constantFrom("z1", "z2") }).map(({ name, zone }) => nodeIn(name, zone));

const dependencies = fc.option(fc.constantFrom("*", "a", "b, a.other", "*.other", "a; b"));
const namespaces = fc.record({ name: namespace, team: fc.constantFrom("x", "y"), dependencies }).map((n) => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: {
    name: n.name,
    labels: { team: n.team },
    ...(n.dependencies !== null && { annotations: { "heddle.dev/dependencies": n.dependencies } }),
  },
}));

const policies = fc
  .record({
    namespace,
    name: fc.constantFrom("one", "two"),
    target: app,
    backend: fc.option(app),
    subset: version,
    weight: fc.nat(9),
    createdAt,
    from: fc.constantFrom({ namespaces: ["shop"] }, { labels: { app: "a" } }, undefined),
    locality: fc.constantFrom(
      undefined,
      { failover: true },
      { distribute: [{ from: "*", to: [{ zone: "z1", weight: 1 }] }] },
    ),
    mirror: fc.option(app),
    outlierDetection: fc.constantFrom(undefined, {}, { successRate: { minEndpoints: 2 } }),
  })
  .map((p) => ({
    apiVersion: "heddle.dev/v1alpha1",
    kind: "TrafficPolicy",
    metadata: { name: p.name, namespace: p.namespace, creationTimestamp: p.createdAt },
    spec: {
      targetRefs: [{ kind: "Service", name: p.target }],
      subsets: [{ name: "canary", labels: { version: p.subset } }],
      routes: [
        {
          ...(p.from && { match: [{ from: p.from }] }),
          split: [
            { subset: "canary", weight: p.weight },
            p.backend === null ? { weight: 1 } : { service: p.backend, port: 80, weight: 1 },
          ],
          ...(p.mirror !== null && { mirror: [{ service: p.mirror, port: 80 }] }),
        },
      ],
      ...(p.locality && { loadBalancing: { locality: p.locality } }),
      ...(p.outlierDetection && { outlierDetection: p.outlierDetection }),
    },
  }));

const routes = fc
  .record({
    kind: fc.constantFrom("HTTPRoute", "GRPCRoute"),
    namespace,
    name: fc.constantFrom("one", "two"),
    target: fc.record({ name: app, namespace, port: fc.constantFrom(undefined, 80, 90) }),
    backend: fc.record({ name: app, namespace, port: fc.constantFrom(80, 90) }),
    createdAt,
  })
  .map(({ kind, namespace: own, name, target, backend, createdAt: at }) => ({
    apiVersion: "gateway.networking.k8s.io/v1",
    kind,
    metadata: { name, namespace: own, creationTimestamp: at },
    spec: { parentRefs: [{ group: "", kind: "Service", ...target }], rules: [{ backendRefs: [backend] }] },
  }));

const grants = fc.record({ namespace, from: namespace }).map(({ namespace: own, from }) => ({
  apiVersion: "gateway.networking.k8s.io/v1beta1",
  kind: "ReferenceGrant",
  metadata: { name: "grant", namespace: own },
  spec: {
    from: [{ group: "gateway.networking.k8s.io", kind: "HTTPRoute", namespace: from }],
    to: [{ group: "", kind: "Service" }],
  },
}));

/** Events in a row, in a mesh that has its nodes and some of everything already; what is taken away was mostly there. */
export function arbitraryEvents(): fc.Arbitrary<readonly MeshEvent[]> {
  const manifest: fc.Arbitrary<Manifest> = fc.oneof(
    { arbitrary: pods, weight: 4 },
    { arbitrary: slices, weight: 4 },
    { arbitrary: services, weight: 2 },
    { arbitrary: policies, weight: 2 },
    { arbitrary: routes, weight: 2 },
    grants,
    nodes,
    namespaces,
  );
  const event = fc.record({ manifest, gone: fc.nat(4).map((n) => n === 0) });
  const some = fc.tuple(
    fc.array(services, { minLength: 2, maxLength: 4 }),
    fc.array(pods, { minLength: 2, maxLength: 5 }),
  );
  const begin = some.map(([first, second]) =>
    [...NODES, ...first, ...second].map((m) => ({ manifest: m, gone: false })),
  );
  return fc.tuple(begin, fc.array(event, { minLength: 5, maxLength: 30, size: "max" })).map((parts) => parts.flat());
}
