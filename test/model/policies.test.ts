import { describe, expect, test } from "vitest";
import { snapshotOf } from "../support/manifests.ts";
import { formatDiagnostic } from "../../src/base/diagnostic.ts";

function service(name: string, namespace = "shop"): string {
  return `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${namespace} }
spec: { clusterIP: 10.96.0.1, selector: { app: ${name} }, ports: [{ name: http, port: 80 }, { name: dns, port: 53, protocol: UDP }] }
---
apiVersion: v1
kind: Pod
metadata: { name: ${name}-v1, namespace: ${namespace}, labels: { app: ${name}, version: v1 } }
status: { podIP: 10.0.0.1 }
---`;
}

function policy(name: string, spec: string, meta = ""): string {
  return `
apiVersion: heddle.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: ${name}, namespace: shop, ${meta} }
spec: { targetRefs: [{ kind: Service, name: checkout }], connection: { connectTimeout: 1s }, ${spec} }
---`;
}

const created = (second: number): string => `creationTimestamp: '2026-01-01T00:00:0${second}Z'`;

function diagnosticsOf(...documents: string[]): readonly string[] {
  return snapshotOf(documents.join("")).diagnostics.map((d) =>
    formatDiagnostic({ ...d, place: { file: "t", line: d.place!.line } }),
  );
}

describe("attachment", () => {
  test.each([
    ["the older one", created(2), created(1), "b"],
    ["the older one, whatever the name", created(1), created(2), "a"],
    ["of equal age the first by name", created(1), created(1), "a"],
    ["of unknown age the first by name", "", "", "a"],
  ])("in force is %s", (_, ofA, ofB, winner) => {
    const snapshot = snapshotOf(service("checkout") + policy("b", "", ofB) + policy("a", "", ofA));
    expect(snapshot.services.get("shop/checkout")!.policy!.name).toBe(winner);
    expect(snapshot.policies.size).toBe(2);
    const loser = winner === "a" ? "b" : "a";
    expect(snapshot.diagnostics.map((d) => [d.code, d.level, d.ref?.name, d.path])).toEqual([
      ["HED1301", "error", loser, "spec.targetRefs[0].name"],
    ]);
    expect(snapshot.diagnostics[0]!.message).toContain(
      `Service shop/checkout has TrafficPolicy shop/${winner} already`,
    );
  });

  test("one policy serves several targets, and may lose one of them", () => {
    const second = policy("z", "").replace("name: checkout }]", "name: checkout }, { kind: Service, name: cart }]");
    const snapshot = snapshotOf(service("checkout") + service("cart") + policy("a", "") + second);
    expect(snapshot.services.get("shop/checkout")!.policy!.name).toBe("a");
    expect(snapshot.services.get("shop/cart")!.policy!.name).toBe("z");
  });

  test("the policy of a service is the object of the policies map", () => {
    const snapshot = snapshotOf(service("checkout") + policy("a", ""));
    expect(snapshot.services.get("shop/checkout")!.policy).toBe(snapshot.policies.get("shop/a"));
  });

  test("a target that does not exist", () => {
    expect(diagnosticsOf(service("checkuot"), policy("a", ""))[0]).toMatch(
      /HED1302 error: TrafficPolicy shop\/a: spec\.targetRefs\[0\]\.name: there is no Service "checkout" in namespace shop; did you mean "checkuot"\?$/,
    );
    expect(diagnosticsOf(service("checkout", "other"), policy("a", ""))[0]).toMatch(/HED1302 .* in namespace shop$/);
  });
});

describe("warnings", () => {
  const both = "subsets: [{ name: v1, labels: { version: v1 } }, { name: v2, labels: { version: v2 } }]";
  const cases: readonly [title: string, spec: string, expected: readonly string[]][] = [
    [
      "a subset without endpoints",
      both,
      ['spec.subsets[1].labels: subset "v2" (version=v2) selects none of the 1 endpoint of Service shop/checkout'],
    ],
    [
      "a backend service that is not there",
      "routes: [{ split: [{ service: cartt, port: 80 }] }]",
      [
        "HED1304 warning: TrafficPolicy shop/a: spec.routes[0].split[0].service: there is no Service shop/cartt; did you mean shop/cart?",
      ],
    ],
    [
      "a mirror service that is not there",
      "routes: [{ mirror: [{ service: cart.other, port: 80 }] }]",
      ["spec.routes[0].mirror[0].service: there is no Service other/cart"],
    ],
    [
      "a port that is not there",
      "routes: [{ split: [{ service: cart, port: 8080 }] }]",
      [
        "HED1305 warning: TrafficPolicy shop/a: spec.routes[0].split[0].port: Service shop/cart has no port 8080; its ports: 80 (http), 53 (dns)",
      ],
    ],
    [
      "a port that is UDP",
      "routes: [{ split: [{ service: cart, port: 53 }] }]",
      ["spec.routes[0].split[0].port: port 53 of Service shop/cart is UDP, which takes no requests"],
    ],
    [
      "a subset of a service without policy",
      "routes: [{ split: [{ service: cart, port: 80, subset: v1 }] }]",
      [
        'HED1306 warning: TrafficPolicy shop/a: spec.routes[0].split[0].subset: Service shop/cart has no TrafficPolicy in force, and so no subset "v1"',
      ],
    ],
    [
      "a subset that the other policy lacks",
      "routes: [{ split: [{ service: checkout, port: 80, subset: v1 }] }]",
      ['TrafficPolicy shop/a declares no subset "v1"; declared: none'],
    ],
    [
      "a route after one for all",
      "routes: [{ name: all }, { name: late, match: [{ method: GET }] }]",
      [
        "HED1307 warning: TrafficPolicy shop/a: spec.routes[1]: is never reached: spec.routes[0] before it takes every request",
      ],
    ],
    [
      "a route after one for / and all below",
      "routes: [{ match: [{ method: GET }, { path: { prefix: / } }] }, {}]",
      ["HED1307"],
    ],
    [
      "a try longer than the request",
      "routes: [{ timeout: 1500ms, retries: { attempts: 1, perTryTimeout: 2s } }]",
      [
        "HED1308 warning: TrafficPolicy shop/a: spec.routes[0].retries.perTryTimeout: is 2000ms, longer than the route's timeout of 1500ms",
      ],
    ],
  ];
  test.each(cases)("%s", (_, spec, expected) => {
    const found = diagnosticsOf(service("checkout"), service("cart"), policy("a", spec));
    expect(found).toHaveLength(expected.length);
    for (const [index, words] of expected.entries()) expect(found[index]).toContain(words);
  });

  test.each([
    [
      "all well",
      `subsets: [{ name: v1, labels: { version: v1 } }], routes: [{ split: [{ subset: v1 }, { service: cart.shop, port: 80 }] }]`,
    ],
    [
      "routes that differ",
      "routes: [{ match: [{ path: { prefix: / }, method: GET }] }, { match: [{ path: { prefix: /a } }] }, {}]",
    ],
    ["no timeout", "routes: [{ timeout: 0s, retries: { attempts: 1, perTryTimeout: 2s } }]"],
  ])("none for %s", (_, spec) => {
    expect(diagnosticsOf(service("checkout"), service("cart"), policy("a", spec))).toEqual([]);
  });

  test("a policy that is not in force is not told of empty subsets", () => {
    const found = diagnosticsOf(service("checkout"), policy("a", ""), policy("b", both));
    expect(found.map((line) => line.split(" ")[1])).toEqual(["HED1301"]);
  });
});
