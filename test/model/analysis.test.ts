/** Where the checks of policies begin and end: each pair is a mistake, or the nearest thing that is none. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { snapshotOf } from "../support/manifests.ts";

const MESH = readFileSync(resolve(import.meta.dirname, "../../docs/examples/mesh.yaml"), "utf8");

/** Codes and paths of what is found in a policy for `checkout`, given by its spec as flow YAML. */
function found(spec: string, beside = ""): readonly string[] {
  const policy = `
apiVersion: heddle.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: checkout, namespace: shop }
spec: { targetRefs: [{ kind: Service, name: checkout }], ${spec} }`;
  const { diagnostics } = snapshotOf(`${MESH}\n---${policy}\n---${beside}`);
  return diagnostics.map(({ code, path }) => `${code} ${path}`);
}

type Row = readonly [spec: string, ...expected: string[]];
const rows = (table: readonly Row[]): [string, string[]][] => table.map(([spec, ...expected]) => [spec, expected]);
const routes = (...matches: readonly string[]): string =>
  `routes: [${matches.map((match) => `{ match: [${match}], timeout: 5s }`).join(", ")}]`;

describe("routes that others take", () => {
  test.each(
    rows([
      [routes("{ path: { prefix: /a/ } }", "{ path: { exact: /a } }"), "HED1307 spec.routes[1]"],
      [routes("{ path: { prefix: /a } }", "{ path: { exact: /ab } }")],
      [routes("{ path: { exact: /a } }", "{ path: { prefix: /a } }")],
      [routes("{ path: { prefix: /shop.v1.Cart } }", "{ grpc: { service: shop.v1.Cart } }"), "HED1307 spec.routes[1]"],
      [routes("{ grpc: { service: shop.v1.Cart } }", "{ path: { prefix: /shop.v1.Cart } }")],
      [routes("{ method: GET }", "{ path: { prefix: /a } }")],
      [routes("{ from: { namespaces: [a, b] } }", "{ from: { namespaces: [a] } }"), "HED1307 spec.routes[1]"],
      [routes("{ from: { namespaces: [a] } }", "{ from: { namespaces: [a, b] } }")],
      [routes("{ from: { namespaces: [a] } }", "{ method: GET }")],
      [
        routes("{ from: { labels: { app: a } } }", "{ from: { labels: { app: a, team: x } } }"),
        "HED1307 spec.routes[1]",
      ],
      [routes("{ from: { serviceAccounts: [a] } }", "{ from: { labels: { app: a } } }")],
      [
        routes(
          "{ query: [{ name: q, prefix: a }] }",
          "{ query: [{ name: q, exact: ab }, { name: r, present: true }] }",
        ),
        "HED1307 spec.routes[1]",
      ],
      [routes("{ query: [{ name: q, prefix: a }] }", "{ query: [{ name: Q, exact: ab }] }")],
      [routes("{ method: GET }", "{ method: PUT }", "{ method: GET }, { method: PUT }"), "HED1307 spec.routes[2]"],
      [routes("{ method: GET }", "{ method: GET }, { method: PUT }"), "HED1345 spec.routes[1].match[0]"],
    ]),
  )("%s", (spec, expected) => expect(found(spec)).toEqual(expected));
});

describe("matches that never hold", () => {
  const regex = (pattern: string): string => routes(`{ path: { regex: '${pattern}' } }`);
  const query = (...values: readonly string[]): string => routes(`{ query: [${values.join(", ")}] }`);
  const [at, second] = ["HED1346 spec.routes[0].match[0].path.regex", "HED1348 spec.routes[0].match[0].query[1]"];
  test.each(
    rows([
      [regex("^api"), at],
      [regex("a*/x")],
      [regex(".*/x")],
      [regex("(?i)/a")],
      [regex("a|/b")],
      [regex("/a\\?b"), at],
      [regex("/a/?b")],
      [regex("/a(\\?b)?")],
      [regex("/a\\\\?b")],
      [query("{ name: q, exact: ab }", "{ name: q, suffix: a }"), second],
      [query("{ name: q, exact: ab }", "{ name: q, suffix: b }")],
      [query("{ name: q, regex: a }", "{ name: q, regex: b }")],
      [query("{ name: q, present: false }", "{ name: q, contains: a }"), second],
      [query("{ name: q, present: false }", "{ name: q, present: false }")],
      [routes("{ cookies: [{ name: c, exact: a }, { name: c, exact: b }] }")],
      [
        routes("{ cookies: [{ name: c, exact: a }, { name: c, present: false }] }"),
        "HED1348 spec.routes[0].match[0].cookies[1]",
      ],
      [routes("{ headers: [{ name: keep-alive, present: false }] }")],
    ]),
  )("%s", (spec, expected) => expect(found(spec)).toEqual(expected));
});

describe("where requests are led", () => {
  const redirect = (to: string, match = "{ path: { prefix: /a } }"): string =>
    `routes: [{ match: [${match}], redirect: { ${to} } }]`;
  const rewrite = (pattern: string, substitution: string): string =>
    `routes: [{ rewrite: { regex: { pattern: '${pattern}', substitution: '${substitution}' } } }]`;
  const [loop, slash] = ["HED1360 spec.routes[0].redirect", "HED1361 spec.routes[0].rewrite.regex.substitution"];
  test.each(
    rows([
      [redirect("prefix: /a"), loop],
      [redirect("prefix: /ab")],
      [redirect("path: /a/b"), loop],
      [redirect("path: /a/b", "{ path: { exact: /a } }")],
      [redirect("path: /a/b, scheme: https")],
      [redirect("path: /a/b, host: a.example")],
      [redirect("path: /a/b", "{ path: { prefix: /a }, headers: [{ name: x, present: true }] }")],
      ["routes: [{ redirect: { path: /a } }]", loop],
      ["routes: [{ match: [{ path: { regex: /b.* } }] }, { redirect: { path: /a } }]"],
      ["routes: [{ match: [{ path: { exact: /a } }] }, { redirect: { path: /a } }]"],
      ["routes: [{ match: [{ path: { exact: /b } }] }, { redirect: { path: /a } }]", "HED1360 spec.routes[1].redirect"],
      [rewrite("^/a", "b"), slash],
      [rewrite("/a", "b")],
      [rewrite("^/a/", ""), slash],
      [rewrite("^/a", "")],
      [rewrite("^/a/([^/]+)", "\\1"), slash],
      [rewrite("^/a([^/]+)?", "\\1")],
      [rewrite("^/(v1)(/.*)", "\\2\\1")],
      [rewrite("^/(v1)(/.*)", "\\1\\2"), slash],
      [rewrite("^/a/(.*)", "\\0")],
      [rewrite("^/a|^/b/(.*)", "\\1")],
    ]),
  )("%s", (spec, expected) => expect(found(spec)).toEqual(expected));
});

describe("tries, splits and answers", () => {
  const subsets = "subsets: [{ name: v1, labels: { version: v1 } }, { name: v2, labels: { version: v2 } }]";
  const origin = (text: string): string => `routes: [{ cors: { allowOrigins: [{ exact: "${text}" }] } }]`;
  const strange = "HED1372 spec.routes[0].cors.allowOrigins[0].exact";
  test.each(
    rows([
      [
        "routes: [{ timeout: 2s, retries: { attempts: 2, perTryTimeout: 1s } }]",
        "HED1349 spec.routes[0].retries.perTryTimeout",
      ],
      ["routes: [{ timeout: 2001ms, retries: { attempts: 2, perTryTimeout: 1s } }]"],
      ["routes: [{ timeout: 1s, retries: { attempts: 0, perTryTimeout: 1s } }]"],
      ["routes: [{ timeout: 1s, retries: { attempts: 2 } }]"],
      ["routes: [{ retries: { attempts: 0, onStatus: [200] } }]"],
      [`${subsets}, routes: [{ split: [{ subset: v1 }, { subset: v2 }], mirror: [{ subset: v1 }] }]`],
      [`${subsets}, routes: [{ split: [{ subset: v1 }], mirror: [{ service: reviews, port: 80 }] }]`],
      ["routes: [{ match: [{ method: GET }], fault: { abort: { status: 503 } } }]"],
      [
        "routes: [{ match: [{ path: { prefix: / } }], fault: { abort: { status: 503 } } }]",
        "HED1359 spec.routes[0].fault.abort",
      ],
      ["routes: [{ fault: { abort: { header: true } } }]"],
      ["routes: [{ fault: { delay: { fixed: 1s } } }]"],
      [origin("*")],
      [origin("https://a.example:8443")],
      [origin("https://a.example:443"), strange],
      [origin("http://a.example:443")],
      [origin("a.example"), strange],
      [origin("chrome-extension://abc")],
      [
        "routes: [{ match: [{ method: PUT }], cors: { allowOrigins: [{ exact: '*' }] } }, { cors: { allowOrigins: [{ exact: '*' }] } }]",
      ],
      [
        "routes: [{ match: [{ grpc: { service: a.B } }], cors: { allowOrigins: [{ exact: '*' }] } }]",
        "HED1371 spec.routes[0].cors",
      ],
      ["routes: [{ directResponse: { status: 304 } }]"],
      ["routes: [{ directResponse: { status: 205, body: a } }]", "HED1375 spec.routes[0].directResponse.body"],
      ["circuitBreaker: { maxConnections: 0, retryBudget: { percent: 0 } }"],
      ["inbound: { maxPendingRequests: 0 }", "HED1365 spec.inbound.maxPendingRequests"],
      ["connection: { connectTimeout: 2s }, routes: [{ timeout: 2s }]", "HED1353 spec.connection.connectTimeout"],
      ["connection: { connectTimeout: 1999ms }, routes: [{ timeout: 2s }]"],
    ]),
  )("%s", (spec, expected) => expect(found(spec)).toEqual(expected));
});

describe("beside the mesh", () => {
  const distribute = (to: string): string =>
    `loadBalancing: { locality: { distribute: [{ from: "*", to: [${to}] }] } }`;
  const unplaced = `
apiVersion: v1
kind: Pod
metadata: { name: checkout-4, namespace: shop, labels: { app: checkout } }
spec: { containers: [{ name: app }] }
status: { podIP: 10.1.0.14 }`;
  const unready = `
apiVersion: v1
kind: Service
metadata: { name: slow, namespace: shop }
spec: { clusterIP: 10.96.0.9, selector: { app: slow }, ports: [{ name: http, port: 80 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: slow, namespace: shop, labels: { app: slow } }
spec: { containers: [{ name: app }] }
status: { podIP: 10.1.0.15, conditions: [{ type: Ready, status: "False" }] }`;

  test("a place without endpoints is none where the place of an endpoint is not known", () => {
    const spec = distribute("{ zone: a1, weight: 1 }, { zone: c1, weight: 1 }");
    expect(found(spec)).toEqual(["HED1367 spec.loadBalancing.locality.distribute[0].to[1]"]);
    expect(found(spec, unplaced)).toEqual([]);
  });

  test("shares and copies for another service that is not ready, and for one without endpoints", () => {
    const spec = (receiver: string, copies: string): string =>
      `routes: [{ split: [{ service: ${receiver}, port: 80 }], mirror: [{ service: ${copies}, port: 81 }] }]`;
    const both = unready.replace(
      "ports: [{ name: http, port: 80 }]",
      "ports: [{ name: http, port: 80 }, { name: new, port: 81 }]",
    );
    expect(found(spec("slow", "reviews"), both)).toEqual(["HED1356 spec.routes[0].split[0]"]);
    expect(found(spec("reviews", "slow"), both)).toEqual(["HED1356 spec.routes[0].mirror[0]"]);
    expect(found(spec("reviews", "reviews"), both)).toEqual([]);
    const [service = ""] = unready.split("---");
    expect(found("routes: [{ split: [{ service: slow, port: 80 }] }]", service)).toEqual([]);
  });

  test("subsets overlap in a split only", () => {
    const subsets = "subsets: [{ name: all, labels: { app: checkout } }, { name: v1, labels: { version: v1 } }]";
    expect(found(`${subsets}, routes: [{ split: [{ subset: all }, { subset: v1 }] }]`)).toEqual([
      "HED1355 spec.routes[0].split[1].subset",
    ]);
    expect(found(`${subsets}, tcp: { split: [{ subset: all }, { subset: v1 }] }`)).toEqual([
      "HED1355 spec.tcp.split[1].subset",
    ]);
    expect(
      found(
        `${subsets}, routes: [{ match: [{ method: GET }], split: [{ subset: all }] }, { split: [{ subset: v1 }] }]`,
      ),
    ).toEqual([]);
  });

  test("fields about requests mean something where one of the targets takes requests", () => {
    const spec = "admissionControl: {}, inbound: { adaptiveConcurrency: {} }";
    const only = (name: string): readonly string[] => {
      const policy = `
apiVersion: heddle.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: archive, namespace: shop }
spec: { targetRefs: [{ kind: Service, name: archive }${name}], ${spec} }`;
      return snapshotOf(`${MESH}\n---${policy}`).diagnostics.map(({ code, path }) => `${code} ${path}`);
    };
    expect(only("")).toEqual(["HED1352 spec.admissionControl", "HED1352 spec.inbound.adaptiveConcurrency"]);
    expect(only(", { kind: Service, name: reviews }")).toEqual([]);
  });
});
