/** Routes of the Gateway API, as real Envoys take them. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Caller, type RouteSidecars, startRouteSidecars } from "../support/route-sidecars.ts";
import { until } from "../support/until.ts";

const CHECKOUT = "{ name: checkout, port: 80 }";
const V2 = "{ name: v2, port: 80 }";

/** A route for Service `checkout`, by rules in flow style. */
function route(
  rules: readonly string[],
  { kind = "HTTPRoute", namespace = "shop", port = "", name = "r" } = {},
): string {
  return `apiVersion: gateway.networking.k8s.io/v1
kind: ${kind}
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  parentRefs: [{ group: "", kind: Service, name: checkout, namespace: shop${port === "" ? "" : `, port: ${port}`} }]
  rules:
${rules.map((rule) => `    - ${rule}`).join("\n")}
`;
}

function rule(match: string, rest: string): string {
  return `{ matches: [${match}], ${rest} }`;
}

describe.each(["1.40.0", "1.37.0"])("Envoy %s", (version) => {
  let mesh: RouteSidecars;
  let listeners: string;

  beforeAll(async () => {
    mesh = await startRouteSidecars(version);
    listeners = await listenersOf();
  }, 60_000);

  afterAll(async () => {
    // No route has changed a listener: its connections would have been drained.
    expect(await listenersOf()).toBe(listeners);
    await mesh.close();
  });

  async function listenersOf(): Promise<string> {
    const dumps = Object.values(mesh.envoys).map((envoy) => envoy.admin("/config_dump?resource=dynamic_listeners"));
    return (await Promise.all(dumps)).join();
  }

  /** The version that answers, or the status of what is no answer of an application. */
  async function answeredBy(
    path: string,
    headers: Record<string, string> = {},
    { caller = "shop" as Caller, method = "GET" } = {},
  ): Promise<string> {
    const { status, body } = await mesh.send(caller, { path, headers, method });
    return status === 200 ? body : String(status);
  }

  test("the most specific match wins, whatever the order of rules and routes", async () => {
    const yes = `headers: [{ name: x-beta, value: "yes" }]`;
    await mesh.apply(
      [
        route([
          rule("{ path: { value: / } }", `backendRefs: [${CHECKOUT}]`),
          rule("{ path: { value: /a } }", `backendRefs: [${CHECKOUT}]`),
          rule(`{ path: { value: /a }, method: DELETE }`, `backendRefs: [${V2}]`),
          rule(`{ path: { value: /a }, ${yes} }`, `backendRefs: [${V2}]`),
          rule(
            `{ path: { value: /a }, queryParams: [{ name: q, type: RegularExpression, value: "x+" }] }`,
            `backendRefs: [${V2}]`,
          ),
        ]),
        route(
          [
            rule("{ path: { value: /a/b } }", `backendRefs: [${V2}]`),
            rule("{ path: { type: Exact, value: /a/b/c } }", `backendRefs: [${CHECKOUT}]`),
          ],
          { name: "second" },
        ),
      ].join("---\n"),
    );
    expect(await answeredBy("/")).toBe("v1");
    expect(await answeredBy("/a/x")).toBe("v1");
    expect(await answeredBy("/a", { "x-beta": "yes" })).toBe("v2");
    expect(await answeredBy("/a", { "x-beta": "no" })).toBe("v1");
    expect(await answeredBy("/a?q=xx")).toBe("v2");
    expect(await answeredBy("/a?q=y")).toBe("v1");
    expect(await answeredBy("/a", {}, { method: "DELETE" })).toBe("v2");
    expect(await answeredBy("/a/bc")).toBe("v1");
    expect(await answeredBy("/a/b")).toBe("v2");
    expect(await answeredBy("/a/b/c")).toBe("v1");
    expect(await answeredBy("/a/b/c/d")).toBe("v2");
  });

  test("what no rule matches is answered with 404, and the other port is as without a route", async () => {
    await mesh.apply(route([rule("{ path: { value: /only } }", `backendRefs: [${V2}]`)], { port: "80" }));
    expect(await answeredBy("/only")).toBe("v2");
    expect(await answeredBy("/elsewhere")).toBe("404");
    expect(await answeredBy("/elsewhere", { host: "checkout.shop:8080" })).toBe("v1");
  });

  test("weights, and 500 for the share of a backend that does not exist", async () => {
    const gone = "{ name: gone, port: 80, weight: 1 }";
    await mesh.apply(route([`{ backendRefs: [${weighted("checkout", 2)}, ${weighted("v2", 1)}, ${gone}] }`]));
    const answers = await Promise.all(Array.from({ length: 400 }, () => answeredBy("/")));
    const share = (answer: string): number => answers.filter((one) => one === answer).length;
    // 200, 100 and 100 are expected; five standard deviations around them.
    expect(share("v1")).toBeGreaterThan(150);
    expect(share("v1")).toBeLessThan(250);
    for (const answer of ["v2", "500"]) {
      expect(share(answer)).toBeGreaterThan(56);
      expect(share(answer)).toBeLessThan(144);
    }
    await mesh.apply(route([`{ backendRefs: [${gone}] }`]));
    expect(await answeredBy("/")).toBe("500");
    await mesh.apply(route(["{ backendRefs: [{ name: empty, port: 80 }] }"]));
    expect(await answeredBy("/")).toBe("503");
  });

  function weighted(name: string, weight: number): string {
    return `{ name: ${name}, port: 80, weight: ${weight} }`;
  }

  test("headers are set, added and removed, for a rule and for a backend of it", async () => {
    const request = `{ type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: x-set, value: "100%" }], add: [{ name: x-more, value: b }], remove: [x-secret] } }`;
    const response = `{ type: ResponseHeaderModifier, responseHeaderModifier: { set: [{ name: x-version, value: hidden }] } }`;
    const own = `{ type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: x-side, value: second }] } }`;
    await mesh.apply(
      route([`{ filters: [${request}, ${response}], backendRefs: [{ name: v2, port: 80, filters: [${own}] }] }`]),
    );
    const { seen, headers } = await mesh.send("shop", { headers: { "x-set": "old", "x-more": "a", "x-secret": "s" } });
    expect(seen?.headers).toMatchObject({ "x-set": "100%", "x-side": "second" });
    expect(seen?.headers["x-more"]).toMatch(/^a, ?b$/);
    expect(seen?.headers["x-secret"]).toBeUndefined();
    expect(headers["x-version"]).toBe("hidden");
  });

  test.each([
    ["{ hostname: new.example, statusCode: 301 }", 301, "http://new.example/api/x?q=1"],
    ["{ hostname: new.example, port: 8443 }", 302, "http://new.example:8443/api/x?q=1"],
    ["{ scheme: https }", 302, "https://checkout.shop:443/api/x?q=1"],
    ["{ scheme: https, hostname: new.example }", 302, "https://new.example/api/x?q=1"],
    [
      "{ path: { type: ReplaceFullPath, replaceFullPath: /gone }, statusCode: 303 }",
      303,
      "http://checkout.shop/gone?q=1",
    ],
    [
      "{ path: { type: ReplacePrefixMatch, replacePrefixMatch: /v2 }, statusCode: 308 }",
      308,
      "http://checkout.shop/v2/x?q=1",
    ],
  ])("redirects: %s", async (redirect, status, location) => {
    const filter = `filters: [{ type: RequestRedirect, requestRedirect: ${redirect} }]`;
    await mesh.apply(route([rule("{ path: { value: /api } }", filter)]));
    const answer = await mesh.send("shop", { path: "/api/x?q=1" });
    expect([answer.status, answer.headers.location, answer.seen]).toEqual([status, location, undefined]);
  });

  test.each([
    ["ReplacePrefixMatch, replacePrefixMatch: /v2", "/v2/x?q=1"],
    ["ReplacePrefixMatch, replacePrefixMatch: /", "/x?q=1"],
    ['ReplacePrefixMatch, replacePrefixMatch: ""', "/x?q=1"],
    ["ReplaceFullPath, replaceFullPath: /whole", "/whole?q=1"],
    ['ReplaceFullPath, replaceFullPath: "/a\\\\1"', "/a\\1?q=1"],
  ])("rewrites: %s", async (path, url) => {
    const filter = `filters: [{ type: URLRewrite, urlRewrite: { hostname: inner.example, path: { type: ${path} } } }]`;
    await mesh.apply(route([rule("{ path: { value: /api } }", `${filter}, backendRefs: [${CHECKOUT}]`)]));
    const { seen } = await mesh.send("shop", { path: "/api/x?q=1" });
    expect([seen?.url, seen?.headers.host]).toEqual([url, "inner.example"]);
  });

  test("mirrors a share of the requests, and nobody waits for the copies", async () => {
    const filter = `{ type: RequestMirror, requestMirror: { backendRef: ${V2}, fraction: { numerator: 1, denominator: 2 } } }`;
    await mesh.apply(route([`{ filters: [${filter}], backendRefs: [${CHECKOUT}] }`]));
    const before = mesh.seen("v2");
    const answers = await Promise.all(Array.from({ length: 200 }, () => answeredBy("/")));
    expect(new Set(answers)).toEqual(new Set(["v1"]));
    // 100 are expected; five standard deviations around them.
    await until("copies have come", 5000, () => mesh.seen("v2") - before > 64);
    expect(mesh.seen("v2") - before).toBeLessThan(136);
  });

  test("timeouts of the request and of one try", async () => {
    await mesh.apply(route([`{ timeouts: { request: 150ms }, backendRefs: [${CHECKOUT}] }`]));
    expect(await answeredBy("/", { "x-delay": "5000" })).toBe("504");
    expect(await answeredBy("/")).toBe("v1");
    await mesh.apply(route([`{ timeouts: { request: 0s, backendRequest: 150ms }, backendRefs: [${CHECKOUT}] }`]));
    expect(await answeredBy("/", { "x-delay": "5000" })).toBe("504");
    expect(await answeredBy("/")).toBe("v1");
  });

  test("a producer's route is for all callers, a consumer's for its own namespace, and goes before it there", async () => {
    const producer = route([`{ backendRefs: [${V2}] }`]);
    const consumer = route(["{ backendRefs: [{ name: checkout, namespace: shop, port: 80 }] }"], {
      namespace: "other",
    });
    const answers = async (): Promise<readonly string[]> => [
      await answeredBy("/"),
      await answeredBy("/", {}, { caller: "other" }),
    ];
    await mesh.apply(producer);
    expect(await answers()).toEqual(["v2", "v2"]);
    await mesh.apply(`${producer}---\n${consumer}`);
    expect(await answers()).toEqual(["v2", "v1"]);
    await mesh.apply(route(["{ backendRefs: [{ name: v2, namespace: shop, port: 80 }] }"], { namespace: "other" }));
    // Another Service of another namespace than the route's: nobody has permitted it.
    expect(await answers()).toEqual(["v1", "500"]);
    const grant = `apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata: { name: g, namespace: shop }
spec:
  from: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: other }]
  to: [{ group: "", kind: Service }]
`;
    await mesh.apply(
      `${route(["{ backendRefs: [{ name: v2, namespace: shop, port: 80 }] }"], { namespace: "other" })}---\n${grant}`,
    );
    expect(await answers()).toEqual(["v1", "v2"]);
  });

  test("the routes of a TrafficPolicy go before, and a policy without any goes along", async () => {
    const policy = (rest: string): string => `apiVersion: heddle.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: checkout, namespace: shop }
spec:
  targetRefs: [{ kind: Service, name: checkout }]
  ${rest}
`;
    const routed = route([`{ backendRefs: [${V2}] }`]);
    await mesh.apply(`${routed}---\n${policy("routes: [{ timeout: 5s }]")}`);
    expect(await answeredBy("/")).toBe("v1");
    await mesh.apply(`${routed}---\n${policy("connection: { connectTimeout: 3s }")}`);
    expect(await answeredBy("/")).toBe("v2");
    const clusters = await mesh.envoys.shop.admin("/config_dump?resource=dynamic_active_clusters");
    expect(clusters).toContain('"connect_timeout": "3s"');
  });

  test("a rule with a part that is not supported answers 500, and the others go on", async () => {
    const external = "{ type: ExternalAuth, externalAuth: { protocol: HTTP, backendRef: { name: auth, port: 80 } } }";
    await mesh.apply(
      route([
        rule("{ path: { value: /safe } }", `filters: [${external}], backendRefs: [${CHECKOUT}]`),
        rule("{ path: { value: / } }", `backendRefs: [${V2}]`),
      ]),
    );
    expect(await answeredBy("/safe/x")).toBe("500");
    expect(await answeredBy("/")).toBe("v2");
  });

  test("a GRPCRoute matches service and method, and goes before an HTTPRoute", async () => {
    const method = (fields: string, backend: string): string =>
      rule(`{ method: { ${fields} } }`, `backendRefs: [${backend}]`);
    await mesh.apply(
      [
        route(
          [
            method("service: a.Cart, method: Get", V2),
            method("method: Delete", V2),
            method("service: a.Cart", CHECKOUT),
            method('type: RegularExpression, service: "b[.].*", method: "L.*"', V2),
          ],
          { kind: "GRPCRoute" },
        ),
        route([`{ backendRefs: [${CHECKOUT}] }`], { name: "http" }),
      ].join("---\n"),
    );
    expect(await answeredBy("/a.Cart/Get")).toBe("v2");
    expect(await answeredBy("/a.Cart/Put")).toBe("v1");
    expect(await answeredBy("/aXCart/Put")).toBe("404");
    expect(await answeredBy("/c.Other/Delete")).toBe("v2");
    // A service goes before a method.
    expect(await answeredBy("/a.Cart/Delete")).toBe("v1");
    expect(await answeredBy("/b.x.List/List")).toBe("v2");
    expect(await answeredBy("/")).toBe("404");
  });
});
