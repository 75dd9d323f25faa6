import { describe, expect, test } from "vitest";
import { type AdminView, createAdmin, createAdminApp } from "../../src/admin/server.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { CLUSTER, type ClientStatus } from "../../src/xds/index.ts";

const client: ClientStatus = {
  stream: 7,
  node: { id: "web.shop", cluster: "shop", region: "eu", zone: "a", agent: "envoy", version: "1.40.0" },
  protocol: "delta",
  connectedAt: 1000,
  types: [
    {
      typeUrl: CLUSTER,
      state: "REJECTED",
      wanted: "v2",
      sent: "v2",
      acked: "v1",
      nack: { version: "v2", culprits: ["checkout"], reason: "bad cluster", at: 2000 },
      refused: { checkout: "bad cluster" },
      settled: true,
      complete: true,
      subscribed: undefined,
    },
  ],
};

function appOf(view: Partial<AdminView> = {}) {
  return createAdminApp({
    metrics: createMetrics().registry,
    now: () => 6000,
    notReady: () => [],
    clients: () => [client],
    diagnostics: () => [],
    sidecars: () => undefined,
    configOf: (id) => (id === "web.shop" ? { clusters: [] } : undefined),
    proxies: () => ["web.shop"],
    ...view,
  });
}

describe("the admin interface", () => {
  test("lists what there is", async () => {
    const text = await (await appOf().request("/")).text();
    for (const path of [
      "/healthz",
      "/readyz",
      "/metrics",
      "/debug/proxies",
      "/debug/config?proxy=ID",
      "/debug/diagnostics",
    ]) {
      expect(text).toContain(path);
    }
  });

  test("is alive also while it is not ready, and says why it is not", async () => {
    const app = appOf({ notReady: () => ["the manifests are not read yet", "xDS does not listen yet"] });
    expect((await app.request("/healthz")).status).toBe(200);
    const answer = await app.request("/readyz");
    expect([answer.status, await answer.text()]).toEqual([
      503,
      "the manifests are not read yet\nxDS does not listen yet\n",
    ]);
  });

  test("is ready when nothing is missing", async () => {
    const answer = await appOf().request("/readyz");
    expect([answer.status, await answer.text()]).toEqual([200, "ok\n"]);
  });

  test("gives metrics of its own and of the process, none of them by proxy", async () => {
    const answer = await appOf().request("/metrics");
    const text = await answer.text();
    expect(answer.headers.get("content-type")).toContain("text/plain");
    expect(text).toContain("\nheddle_xds_streams 0\n");
    expect(text).toContain('\nheddle_xds_nacks_total{type="CDS"} 0\n');
    expect(text).toContain("process_resident_memory_bytes");
    expect(text).not.toMatch(/\b(proxy|pod|node_id)="/);
  });

  test("shows a proxy with its state by type, and why it refuses something", async () => {
    expect(await (await appOf().request("/debug/proxies")).json()).toEqual({
      proxies: [
        {
          id: "web.shop",
          envoy: "1.40.0",
          locality: { region: "eu", zone: "a" },
          stream: 7,
          protocol: "delta",
          connectedSeconds: 5,
          types: [
            {
              type: "CDS",
              state: "REJECTED",
              wanted: "v2",
              sent: "v2",
              acked: "v1",
              subscribed: "*",
              nack: { version: "v2", resources: ["checkout"], reason: "bad cluster" },
              refused: { checkout: "bad cluster" },
            },
          ],
        },
      ],
    });
  });

  test("shows the configuration of a proxy", async () => {
    const answer = await appOf().request("/debug/config?proxy=web.shop");
    expect([answer.status, await answer.json()]).toEqual([200, { clusters: [] }]);
  });

  test.each([
    ["/debug/config", 400],
    ["/debug/config?proxy=nobody.shop", 404],
  ])("%s is %i and names some that there are", async (path, status) => {
    const ids = Array.from({ length: 100 }, (_, i) => `p${i}.shop`);
    const answer = await appOf({ proxies: () => ids }).request(path);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toEqual({ error: expect.any(String), proxies: ids.slice(0, 20) });
  });

  test("gives findings as they are", async () => {
    const finding = { code: "HED1104", level: "error", path: "spec", message: "is wrong" } as const;
    const answer = await appOf({ diagnostics: () => [finding] }).request("/debug/diagnostics");
    expect(await answer.json()).toEqual({ diagnostics: [finding] });
  });

  test.each(["/nothing", "/debug"])("%s is not found", async (path) => {
    expect((await appOf().request(path)).status).toBe(404);
  });

  test("only reads", async () => {
    expect((await appOf().request("/debug/config?proxy=web.shop", { method: "POST" })).status).toBe(404);
  });

  test("says with a code that it cannot listen", async () => {
    const view: AdminView = {
      metrics: createMetrics().registry,
      now: () => 0,
      notReady: () => [],
      clients: () => [],
      diagnostics: () => [],
      configOf: () => undefined,
      proxies: () => [],
      sidecars: () => undefined,
    };
    const first = createAdmin(view);
    const port = await first.listen({ host: "127.0.0.1", port: 0 });
    await expect(createAdmin(view).listen({ host: "127.0.0.1", port })).rejects.toMatchObject({ code: "ADMIN_LISTEN" });
    await first.close();
  });
});
