/** What a route changes in requests and answers, and what it answers by itself, as real Envoys do it. */
import type { OutgoingHttpHeaders } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PolicySidecar, startPolicySidecar } from "../support/policy-sidecar.ts";

describe.each(["1.40.0", "1.37.0"])("Envoy %s", (version) => {
  let sidecar: PolicySidecar;
  let listeners: string;

  beforeAll(async () => {
    sidecar = await startPolicySidecar(version);
    listeners = await listenersOf();
  });

  afterAll(async () => {
    // No policy has changed a listener: its connections would have been drained.
    expect(await listenersOf()).toBe(listeners);
    await sidecar.close();
  });

  async function listenersOf(): Promise<string> {
    return sidecar.envoy.admin("/config_dump?resource=dynamic_listeners");
  }

  test.each([
    ["/api", "/v2", "/api/x?q=1", "/v2/x?q=1"],
    ["/api", "/v2", "/api", "/v2"],
    ["/api", "/", "/api/x", "/x"],
    ["/api", "/", "/api", "/"],
    ["/api", "/v2/", "/api/x", "/v2/x"],
    ["/", "/v2", "/x", "/v2/x"],
    ["/a.b", "/", "/a.b/c", "/c"],
  ])("rewrites prefix %s to %s: %s becomes %s", async (from, to, asked, seen) => {
    await sidecar.apply(`    - { match: [{ path: { prefix: "${from}" } }], rewrite: { prefix: "${to}" } }\n`);
    const answer = await sidecar.send({ path: asked });
    expect(answer.seen?.url).toBe(seen);
  });

  test("rewrites by pattern, and the host", async () => {
    const regex = `{ pattern: "^/users/([0-9]+)/", substitution: '/u\\1/' }`;
    await sidecar.apply(`    - { rewrite: { regex: ${regex}, host: inner.example } }\n`);
    const { seen } = await sidecar.send({ path: "/users/42/cart" });
    expect([seen?.url, seen?.headers.host]).toEqual(["/u42/cart", "inner.example"]);
  });

  test.each([
    ["{ host: new.example, status: 301 }", 301, "http://new.example/api/x?q=1"],
    ["{ scheme: https, port: 8443 }", 302, "https://checkout:8443/api/x?q=1"],
    ["{ path: /gone, status: 303 }", 303, "http://checkout/gone?q=1"],
    ["{ prefix: /v2, status: 307 }", 307, "http://checkout/v2/x?q=1"],
    ["{ prefix: /, status: 308 }", 308, "http://checkout/x?q=1"],
  ])("redirects: %s", async (redirect, status, location) => {
    await sidecar.apply(`    - { match: [{ path: { prefix: /api } }], redirect: ${redirect} }\n`);
    const answer = await sidecar.send({ path: "/api/x?q=1" });
    expect([answer.status, answer.headers.location, answer.seen]).toEqual([status, location, undefined]);
  });

  test("answers by itself", async () => {
    await sidecar.apply(
      `    - { match: [{ path: { exact: /teapot } }], directResponse: { status: 418, body: short } }\n`,
    );
    expect(await sidecar.send({ path: "/teapot" })).toMatchObject({ status: 418, body: "short", seen: undefined });
    expect((await sidecar.send()).status).toBe(200);
  });

  test("sets, adds and removes headers, and expands nothing in them", async () => {
    await sidecar.apply(`    - headers:
        request:
          set: [{ name: x-set, value: "%REQ(host)% 100%" }]
          add: [{ name: x-more, value: b }]
          remove: [x-secret]
        response:
          set: [{ name: x-version, value: hidden }]
          add: [{ name: x-extra, value: "50%" }]
`);
    const { seen, headers } = await sidecar.send({ headers: { "x-set": "old", "x-more": "a", "x-secret": "s" } });
    expect(seen?.headers).toMatchObject({ "x-set": "%REQ(host)% 100%" });
    expect(seen?.headers["x-more"]).toMatch(/^a, ?b$/);
    expect(seen?.headers["x-secret"]).toBeUndefined();
    expect(headers).toMatchObject({ "x-version": "hidden", "x-extra": "50%" });
  });

  test("answers a browser's preflight for origins that may call, and for no others", async () => {
    await sidecar.apply(`    - cors:
        allowOrigins: [{ exact: "https://shop.example" }, { regex: "https://[a-z]+[.]dev[.]example" }]
        allowMethods: [GET, POST]
        allowHeaders: [x-token]
        exposeHeaders: [x-version]
        maxAge: 10m
        allowCredentials: true
`);
    const preflight = (origin: string) =>
      sidecar.send({ method: "OPTIONS", headers: { origin, "access-control-request-method": "POST" } });
    for (const origin of ["https://shop.example", "https://a.dev.example"]) {
      const { headers, seen } = await preflight(origin);
      expect(seen).toBeUndefined();
      expect(headers).toMatchObject({
        "access-control-allow-origin": origin,
        "access-control-allow-methods": "GET,POST",
        "access-control-allow-headers": "x-token",
        "access-control-max-age": "600",
        "access-control-allow-credentials": "true",
      });
    }
    const foreign = await preflight("https://evil.example");
    expect(foreign.headers["access-control-allow-origin"]).toBeUndefined();
    const plain = await sidecar.send({ headers: { origin: "https://shop.example" } });
    expect(plain.headers["access-control-expose-headers"]).toBe("x-version");
  });

  test("refuses what is too much, and says how much is left", async () => {
    const match = `[{ headers: [{ name: x-test, exact: "limit" }] }]`;
    await sidecar.apply(`    - { match: ${match}, rateLimit: { requests: 20, per: 1h } }\n`);
    const answers = await Promise.all(
      Array.from({ length: 60 }, () => sidecar.send({ headers: { "x-test": "limit" } })),
    );
    const statuses = Map.groupBy(answers, ({ status }) => status);
    expect([...statuses].map(([status, found]) => [status, found.length]).toSorted(([a], [b]) => a! - b!)).toEqual([
      [200, 20],
      [429, 40],
    ]);
    expect(statuses.get(429)?.[0]?.headers).toMatchObject({
      "x-ratelimit-limit": expect.stringMatching(/^20/) as string,
      "x-ratelimit-remaining": "0",
    });
    // Other requests have nothing to do with it.
    expect((await sidecar.send()).status).toBe(200);
  });

  test("aborts and delays what asks for it", async () => {
    await sidecar.apply(
      `    - { match: [{ headers: [{ name: x-chaos, present: true }] }], fault: { abort: { header: true }, delay: { header: true } } }\n`,
    );
    const asks = { "x-envoy-fault-abort-request": "507", "x-envoy-fault-delay-request": "20" };
    const delays = async () => Object.values(await sidecar.envoy.stats("fault.delays_injected"))[0] ?? 0;
    const before = await delays();
    expect((await sidecar.send({ headers: { "x-chaos": "1", ...asks } })).status).toBe(507);
    expect((await delays()) - before).toBe(1);
    expect((await sidecar.send({ headers: { "x-chaos": "1" } })).status).toBe(200);
    // Only where the policy lets requests ask.
    expect((await sidecar.send({ headers: asks })).status).toBe(200);
  });

  test("counts each value of a header apart, and what has none together", async () => {
    const match = `[{ headers: [{ name: x-test, exact: "by" }] }]`;
    const limit = "{ requests: 5, per: 1h, by: [{ header: X-User }, { header: x-tenant }] }";
    await sidecar.apply(`    - { match: ${match}, rateLimit: ${limit} }\n`);
    const accepted = async (headers: OutgoingHttpHeaders): Promise<number> => {
      const all = Array.from({ length: 12 }, () => sidecar.send({ headers: { "x-test": "by", ...headers } }));
      return (await Promise.all(all)).filter(({ status }) => status === 200).length;
    };
    // More than the 20 that an Envoy would remember by itself.
    for (let user = 0; user < 40; user++) {
      expect(await accepted({ "x-user": `u${user}`, "x-tenant": "a" }), `user ${user}`).toBe(5);
    }
    expect(await accepted({ "x-user": "u0", "x-tenant": "b" })).toBe(5);
    expect(await accepted({ "x-user": "u0", "x-tenant": "a" })).toBe(0);
    expect(await accepted({})).toBe(5);
    expect(await accepted({ "x-user": "u0" })).toBe(0);
  });

  test("aborts and delays a share of the requests", async () => {
    const match = `[{ headers: [{ name: x-test, exact: "1" }] }]`;
    await sidecar.apply(
      `    - { match: ${match}, fault: { abort: { status: 503, percent: 30 }, delay: { fixed: 50ms } } }\n`,
    );
    const answers = await Promise.all(Array.from({ length: 400 }, () => sidecar.send({ headers: { "x-test": "1" } })));
    const aborted = answers.filter(({ status }) => status === 503).length;
    // 30 % of 400, within four standard deviations.
    expect(Math.abs(aborted - 120)).toBeLessThan(4 * Math.sqrt(400 * 0.3 * 0.7));
    expect(answers.every(({ status, body }) => status === 503 || body.startsWith("v"))).toBe(true);
    expect((await sidecar.envoy.stats("fault.delays_injected"))["http.outbound_http.fault.delays_injected"]).not.toBe(
      0,
    );
    const others = await Promise.all(Array.from({ length: 50 }, () => sidecar.send()));
    expect(others.every(({ status }) => status === 200)).toBe(true);
  });
});
