import { expect, test } from "vitest";
import { routeStatuses } from "../../src/control-plane/route-statuses.ts";
import type { KubeClient, KubeRequest } from "../../src/kube/client.ts";
import { KubeError } from "../../src/kube/errors.ts";
import { CONTROLLER_NAME, mergedParents } from "../../src/status/route-status.ts";
import { startStatusWriter } from "../../src/status/writer.ts";
import { snapshotOf } from "../support/manifests.ts";
import { manualClock } from "../support/manual-clock.ts";

const SERVICES = `apiVersion: v1
kind: Service
metadata: { name: checkout, namespace: shop }
spec: { clusterIP: 10.96.0.1, ports: [{ name: http, port: 80 }, { name: tcp, port: 5432 }] }
---
apiVersion: v1
kind: Service
metadata: { name: pods, namespace: shop }
spec: { clusterIP: None, ports: [{ name: http, port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: elsewhere, namespace: other }
spec: { clusterIP: 10.96.0.2, ports: [{ name: http, port: 80 }] }
---
`;

function route(parent: string, rules: string, kind = "HTTPRoute", name = "r"): string {
  return `apiVersion: gateway.networking.k8s.io/v1
kind: ${kind}
metadata: { name: ${name}, namespace: shop, generation: 7 }
spec:
  parentRefs: [${parent}]
  rules: ${rules}
---
`;
}

const CHECKOUT = `{ group: "", kind: Service, name: checkout }`;
const RULES = "[{ backendRefs: [{ name: checkout, port: 80 }] }]";

/** The conditions of a route for its first parent, as `type: status/reason`. */
function conditionsOf(manifests: string, key = "HTTPRoute/shop/r"): Record<string, string> {
  const [parent] = routeStatuses(snapshotOf(SERVICES + manifests)).get(key)!.parents;
  expect(parent!.judgements.every(({ observedGeneration }) => observedGeneration === 7)).toBe(true);
  return Object.fromEntries(parent!.judgements.map(({ type, status, reason }) => [type, `${status}/${reason}`]));
}

const FINE = { Accepted: "True/Accepted", ResolvedRefs: "True/ResolvedRefs" };

test.each([
  ["a route that is in force", CHECKOUT, RULES, {}],
  ["a port by number", CHECKOUT.replace(" }", ", port: 80 }"), RULES, {}],
  ["a port by name", CHECKOUT.replace(" }", ", sectionName: http }"), RULES, {}],
  ["no such Service", CHECKOUT.replace("checkout", "chekout"), RULES, { Accepted: "False/NoMatchingParent" }],
  ["a Service without an address", CHECKOUT.replace("checkout", "pods"), RULES, { Accepted: "False/NoMatchingParent" }],
  ["no such port", CHECKOUT.replace(" }", ", port: 81 }"), RULES, { Accepted: "False/NoMatchingParent" }],
  ["a port of TCP", CHECKOUT.replace(" }", ", port: 5432 }"), RULES, { Accepted: "False/NoMatchingParent" }],
  [
    "a backend that is missing",
    CHECKOUT,
    "[{ backendRefs: [{ name: gone, port: 80 }] }]",
    { ResolvedRefs: "False/BackendNotFound" },
  ],
  [
    "a backend's port",
    CHECKOUT,
    "[{ backendRefs: [{ name: checkout, port: 81 }] }]",
    { ResolvedRefs: "False/BackendNotFound" },
  ],
  [
    "a backend of another namespace",
    CHECKOUT,
    "[{ backendRefs: [{ name: elsewhere, namespace: other, port: 80 }] }]",
    { ResolvedRefs: "False/RefNotPermitted" },
  ],
  [
    "a backend of another kind",
    CHECKOUT,
    "[{ backendRefs: [{ kind: Bucket, name: b }] }]",
    { ResolvedRefs: "False/InvalidKind" },
  ],
  [
    "a mirror that is missing",
    CHECKOUT,
    "[{ filters: [{ type: RequestMirror, requestMirror: { backendRef: { name: gone, port: 80 } } }], backendRefs: [{ name: checkout, port: 80 }] }]",
    { ResolvedRefs: "False/BackendNotFound" },
  ],
  [
    "a filter that is not supported",
    CHECKOUT,
    "[{ filters: [{ type: ExtensionRef }] }]",
    { Accepted: "False/UnsupportedValue" },
  ],
  [
    "one rule of two that is not supported",
    CHECKOUT,
    `[{ filters: [{ type: ExtensionRef }] }, { backendRefs: [{ name: checkout, port: 80 }] }]`,
    { PartiallyInvalid: "True/UnsupportedValue" },
  ],
  [
    "faults of both sorts",
    CHECKOUT.replace("checkout", "gone"),
    "[{ backendRefs: [{ name: gone, port: 80 }] }]",
    { Accepted: "False/NoMatchingParent", ResolvedRefs: "False/BackendNotFound" },
  ],
])("%s", (_, parent, rules, differing) => {
  expect(conditionsOf(route(parent, rules))).toEqual({ ...FINE, ...differing });
});

const POLICY = `apiVersion: heddle.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: checkout, namespace: shop }
spec: { targetRefs: [{ kind: Service, name: checkout }], SPEC }
---
`;

test("a TrafficPolicy with routes decides, and one without does not", () => {
  const both = (spec: string): string => POLICY.replace("SPEC", spec) + route(CHECKOUT, RULES);
  expect(conditionsOf(both("routes: [{ timeout: 1s }]"))).toEqual({ ...FINE, Accepted: "False/Conflicted" });
  expect(conditionsOf(both("circuitBreaker: { maxRequests: 5 }"))).toEqual(FINE);
});

test("a GRPCRoute decides before an HTTPRoute, port by port", () => {
  const grpc = (parent: string): string => route(parent, RULES, "GRPCRoute", "g");
  const both = grpc(CHECKOUT) + route(CHECKOUT, RULES);
  expect(conditionsOf(both)).toEqual({ ...FINE, Accepted: "False/Conflicted" });
  expect(conditionsOf(both, "GRPCRoute/shop/g")).toEqual(FINE);
});

test("parents that are no Services are somebody else's", () => {
  const statuses = routeStatuses(snapshotOf(SERVICES + route("{ name: public }", RULES)));
  expect(statuses.get("HTTPRoute/shop/r")?.parents).toEqual([]);
});

const NOW = "2026-01-01T00:00:00Z";
const foreign = { parentRef: { name: "public" }, controllerName: "example.com/gateway", conditions: [{ any: "form" }] };

test("entries of other controllers stay as they are, and times as long as nothing turns", () => {
  const wanted = (rules: string) =>
    routeStatuses(snapshotOf(SERVICES + route(CHECKOUT, rules))).get("HTTPRoute/shop/r")!.parents;
  const first = mergedParents([foreign], wanted(RULES), "2025-01-01T00:00:00Z");
  expect(first[0]).toBe(foreign);
  const second = mergedParents(first, wanted("[{ backendRefs: [{ name: gone, port: 80 }] }]"), NOW);
  expect(second).toHaveLength(2);
  expect(second[1]).toMatchObject({
    controllerName: CONTROLLER_NAME,
    parentRef: { group: "", kind: "Service", name: "checkout" },
    conditions: [
      { type: "Accepted", lastTransitionTime: "2025-01-01T00:00:00Z" },
      { type: "ResolvedRefs", lastTransitionTime: NOW },
    ],
  });
  expect(mergedParents(second, [], NOW)).toEqual([foreign]);
});

/** An API server with one route, which others change before `conflicts` of the writes. */
function fakeApi(conflicts: number) {
  let parents: readonly unknown[] = [foreign];
  let left = conflicts;
  let version = 1;
  const requests: KubeRequest[] = [];
  const object = () => ({
    metadata: { name: "r", namespace: "shop", resourceVersion: String(version) },
    status: { parents },
  });
  const client: KubeClient = {
    request<T>(request: KubeRequest): Promise<T> {
      if (request.method === "GET" && request.path.endsWith("/trafficpolicies")) {
        return Promise.resolve({ kind: "TrafficPolicyList", metadata: { resourceVersion: "1" }, items: [] } as T);
      }
      if (request.method === "GET" && request.path.endsWith("/httproutes")) {
        return Promise.resolve({ kind: "HTTPRouteList", metadata: { resourceVersion: "1" }, items: [object()] } as T);
      }
      if (request.method === "GET" && request.path.endsWith("/httproutes/r")) return Promise.resolve(object() as T);
      if (request.method === "GET") return Promise.reject(new KubeError("not installed", { status: 404 }));
      requests.push(request);
      if (left-- > 0) {
        version++;
        parents = [foreign, { ...foreign, parentRef: { name: "more" } }];
      }
      const body = request.body as { metadata: { resourceVersion: string }; status: { parents: readonly unknown[] } };
      if (body.metadata.resourceVersion !== String(version))
        return Promise.reject(new KubeError("no", { status: 409 }));
      parents = body.status.parents;
      version++;
      return Promise.resolve({} as T);
    },
    open: () => Promise.reject(new Error("not asked for")),
    close: () => {},
  };
  return { client, requests, parents: () => parents };
}

async function pass(clock: ReturnType<typeof manualClock>, milliseconds: number): Promise<void> {
  for (let step = 0; step < 40; step++) await Promise.resolve();
  clock.advance(milliseconds);
  for (let step = 0; step < 40; step++) await Promise.resolve();
}

test("is written once, again after a conflict, and taken back when the parent goes", async () => {
  const clock = manualClock();
  const api = fakeApi(1);
  const writer = startStatusWriter({ client: api.client, clock, now: () => NOW });
  const attached = routeStatuses(snapshotOf(SERVICES + route(CHECKOUT, RULES)));
  writer.want(attached);
  await pass(clock, 1000);
  await pass(clock, 1000);
  expect(api.requests).toHaveLength(2);
  expect(api.requests[1]).toMatchObject({
    path: "/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes/r/status",
    contentType: "application/merge-patch+json",
  });
  expect(api.parents()).toHaveLength(3);
  writer.want(attached);
  await pass(clock, 1000);
  expect(api.requests).toHaveLength(2);
  writer.want(routeStatuses(snapshotOf(SERVICES + route("{ name: public }", RULES))));
  await pass(clock, 1000);
  expect(api.parents()).toEqual([foreign, { ...foreign, parentRef: { name: "more" } }]);
  await writer.close();
});
