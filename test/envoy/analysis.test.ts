/** What `heddle analyze` says that Envoy does, as real Envoys do it: each mistake beside the nearest thing that works. */
import type { RequestOptions } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PolicySidecar, startPolicySidecar } from "../support/policy-sidecar.ts";
import { until } from "../support/until.ts";

describe.each(["1.40.0", "1.37.0"])("Envoy %s", (version) => {
  let sidecar: PolicySidecar;

  beforeAll(async () => {
    sidecar = await startPolicySidecar(version);
  });

  afterAll(() => sidecar.close());

  /** The sum of a counter or gauge over the clusters of the service. */
  const stat = async (name: string): Promise<number> => {
    const lines = (await sidecar.envoy.admin(`/stats?filter=checkout.*${name}$`)).trim().split("\n");
    return lines.reduce((sum, line) => sum + Number(line.split(": ")[1] ?? 0), 0);
  };

  test.each<[code: string, never: string, sometimes: string, request: RequestOptions]>([
    ["HED1346", "{ path: { regex: api/.* } }", "{ path: { regex: /api/.* } }", { path: "/api/x" }],
    ["HED1346", '{ path: { regex: "/a\\\\?b=.*" } }', "{ query: [{ name: b, present: true }] }", { path: "/a?b=c" }],
    [
      "HED1347",
      "{ headers: [{ name: keep-alive, present: true }] }",
      "{ headers: [{ name: x-alive, present: true }] }",
      { headers: { "keep-alive": "timeout=5", "x-alive": "1", connection: "keep-alive" } },
    ],
    [
      "HED1347",
      "{ headers: [{ name: proxy-connection, present: true }] }, { headers: [{ name: transfer-encoding, present: true }] }",
      "{ headers: [{ name: x-alive, present: true }] }",
      {
        method: "POST",
        headers: { "proxy-connection": "keep-alive", "x-alive": "1", "transfer-encoding": "chunked" },
      },
    ],
    [
      "HED1347",
      "{ headers: [{ name: keep-alive, present: true }] }, { headers: [{ name: proxy-connection, present: true }] }",
      "{ headers: [{ name: upgrade, exact: websocket }] }",
      {
        headers: {
          "keep-alive": "timeout=5",
          "proxy-connection": "keep-alive",
          connection: "upgrade",
          upgrade: "websocket",
        },
      },
    ],
    [
      "HED1348",
      "{ headers: [{ name: x-a, exact: ab }, { name: X-A, exact: b }] }",
      "{ headers: [{ name: x-a, prefix: a }, { name: X-A, suffix: b }] }",
      { headers: { "x-a": "ab" } },
    ],
    [
      "HED1348",
      "{ headers: [{ name: x-a, exact: ab }, { name: X-A, present: false }] }",
      "{ headers: [{ name: x-a, exact: ab }, { name: X-A, present: true }] }",
      { headers: { "x-a": "ab" } },
    ],
    [
      "HED1348",
      "{ query: [{ name: q, exact: a }, { name: q, exact: b }] }",
      "{ query: [{ name: q, exact: a }] }",
      { path: "/?q=a&q=b" },
    ],
  ])("%s: %s matches nothing", async (_, never, sometimes, request) => {
    const taken = async (match: string): Promise<string> => {
      const answer = (status: number): string => `directResponse: { status: ${status} }`;
      await sidecar.apply(`    - { match: [${match}], ${answer(210)} }\n    - { ${answer(211)} }\n`);
      return (await sidecar.send(request)).status === 210 ? "taken" : "passed over";
    };
    expect(await taken(never)).toBe("passed over");
    expect(await taken(sometimes)).toBe("taken");
  });

  test("HED1361: a rewritten path without a slash is no path", async () => {
    const rewrite = (pattern: string): string =>
      `    - rewrite: { regex: { pattern: "${pattern}", substitution: '\\1' } }\n`;
    await sidecar.apply(rewrite("^/api/(.*)"));
    const { status, seen } = await sidecar.send({ path: "/api/x" });
    expect({ status, url: seen?.url }).not.toEqual({ status: 200, url: "/x" });
    await sidecar.apply(rewrite("^/api(.*)"));
    expect((await sidecar.send({ path: "/api/x" })).seen?.url).toBe("/x");
  });

  test("HED1360: a redirect leads back to itself", async () => {
    const hops = async (prefix: string): Promise<readonly string[]> => {
      await sidecar.apply(`    - { match: [{ path: { prefix: /shop } }], redirect: { prefix: ${prefix} } }\n`);
      const paths = ["/shop/x"];
      for (let hop = 0; hop < 3; hop++) {
        const { location } = (await sidecar.send({ path: paths.at(-1)! })).headers;
        if (location === undefined) break;
        paths.push(new URL(location).pathname);
      }
      return paths;
    };
    expect(await hops("/shop/v2")).toEqual(["/shop/x", "/shop/v2/x", "/shop/v2/v2/x", "/shop/v2/v2/v2/x"]);
    expect(await hops("/store")).toEqual(["/shop/x", "/store/x"]);
  });

  test("HED1371 and HED1372: what a browser asks is not answered", async () => {
    const preflight = async (match: string, origin: string): Promise<string | undefined> => {
      await sidecar.apply(`    - { match: [${match}], cors: { allowOrigins: [{ exact: "${origin}" }] } }\n`);
      const headers = { origin: "https://shop.example", "access-control-request-method": "POST" };
      return (await sidecar.send({ method: "OPTIONS", headers })).headers["access-control-allow-origin"];
    };
    expect(await preflight("{ method: POST }", "https://shop.example")).toBeUndefined();
    expect(await preflight("{ method: POST }, { method: OPTIONS }", "https://Shop.example/")).toBeUndefined();
    expect(await preflight("{ method: POST }, { method: OPTIONS }", "https://shop.example")).toBe(
      "https://shop.example",
    );
  });

  test("HED1373: what is set is there, removed or not", async () => {
    const edited = async (edits: string): Promise<unknown> => {
      await sidecar.apply(`    - headers: { response: { ${edits} } }\n`);
      return (await sidecar.send()).headers["x-version"];
    };
    expect(
      await edited("set: [{ name: X-Version, value: a }, { name: x-version, value: b }], remove: [x-version]"),
    ).toBe("b");
    expect(await edited("remove: [x-version]")).toBeUndefined();
  });

  test("HED1374: who is told a wrong end of a message does not understand the next one", async () => {
    const answered = async (side: string, name: string, value: string): Promise<ReadonlySet<string>> => {
      const edits = `headers: { ${side}: { set: [{ name: ${name}, value: "${value}" }] } }`;
      await sidecar.apply(`    - { split: [{ subset: v1 }], ${edits} }\n`);
      const answers = new Set<string>();
      for (let i = 0; i < 6; i++) {
        answers.add(
          await sidecar.send().then(
            ({ status, body }) => `${status} ${body}`,
            () => "broken",
          ),
        );
      }
      return answers;
    };
    const well = new Set(["200 v1"]);
    expect(await answered("request", "Connection", "close")).toEqual(well);
    expect(await answered("response", "Keep-Alive", "timeout=1")).toEqual(well);
    expect(await answered("response", "Content-Length", "1")).not.toEqual(well);
    expect(await answered("request", "Transfer-Encoding", "chunked")).not.toEqual(well);
  });

  test.each([204, 304])("HED1375: a body breaks an answer of %s", async (status) => {
    await sidecar.apply(`    - directResponse: { status: ${status}, body: done }\n`);
    await expect(sidecar.send()).rejects.toThrow("Parse Error");
    await sidecar.apply(`    - directResponse: { status: ${status} }\n`);
    expect(await sidecar.send()).toMatchObject({ status, body: "" });
  });

  test("HED1370: a burst below requests does not lower the limit", async () => {
    const passed = async (limit: string): Promise<number> => {
      await sidecar.apply(`    - rateLimit: { per: 1h, ${limit} }\n`);
      const answers = [];
      for (let i = 0; i < 8; i++) answers.push(await sidecar.send());
      return answers.filter(({ status }) => status === 200).length;
    };
    expect(await passed("requests: 5, burst: 2")).toBe(5);
    expect(await passed("requests: 2")).toBe(2);
  });

  test.each(["maxRequests", "maxPendingRequests"])("HED1365: %s: 0 refuses every request", async (limit) => {
    await sidecar.apply(`    - split: [{ subset: v1 }]\n  circuitBreaker: { ${limit}: 0 }\n`);
    expect((await sidecar.send()).status).toBe(503);
    await sidecar.apply(`    - split: [{ subset: v1 }]\n  circuitBreaker: { ${limit}: 1 }\n`);
    expect((await sidecar.send()).status).toBe(200);
  });

  test("HED1366: a budget of nothing lets no retry through", async () => {
    sidecar.setStatus("v1", 500);
    const retried = async (least: number): Promise<number> => {
      await sidecar.apply(
        `    - { split: [{ subset: v1 }], retries: { attempts: 2, conditions: [5xx] } }
  circuitBreaker: { retryBudget: { percent: 0, minConcurrency: ${least} } }
`,
      );
      const before = await stat("upstream_rq_retry");
      expect((await sidecar.send()).status).toBe(500);
      return (await stat("upstream_rq_retry")) - before;
    };
    expect(await retried(0)).toBe(0);
    expect(await retried(1)).toBe(2);
    sidecar.setStatus("v1", 200);
  });

  test("HED1362: of two endpoints 30 % is none", async () => {
    const ejected = async (): Promise<number> => {
      const clusters = await sidecar.envoy.admin("/clusters");
      return clusters.split("\n").filter((line) => /checkout.*failed_outlier_check/.test(line)).length;
    };
    const failing = async (percent: number): Promise<void> => {
      await sidecar.apply(`    - {}\n  outlierDetection: { consecutive5xx: 1, maxEjectionPercent: ${percent} }\n`);
      for (let i = 0; i < 30; i++) expect((await sidecar.send()).status).toBe(500);
    };
    sidecar.setStatus("v1", 500);
    sidecar.setStatus("v2", 500);
    await failing(30);
    expect(await ejected()).toBe(0);
    await failing(50);
    await until("one is out", 10_000, async () => (await ejected()) === 1);
    sidecar.setStatus("v1", 200);
    sidecar.setStatus("v2", 200);
  });

  test("HED1356: a share for endpoints none of which is ready is answered with 503", async () => {
    await sidecar.apply("    - split: [{ subset: v2 }]\n");
    expect((await sidecar.send()).body).toBe("v2");
    sidecar.setReady("v2", false);
    await until("v2 is gone", 10_000, async () => (await sidecar.send()).status === 503);
    sidecar.setReady("v2", true);
  });
});
