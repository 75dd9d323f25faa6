/** The closest endpoint that is well: by readiness, and by the sidecar's own checks. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PolicySidecar, startPolicySidecar } from "../support/policy-sidecar.ts";
import { until } from "../support/until.ts";

describe.each(["1.40.0", "1.37.0"])("Envoy %s", (version) => {
  let sidecar: PolicySidecar;

  beforeAll(async () => {
    sidecar = await startPolicySidecar(version);
  });

  afterAll(() => sidecar.close());

  async function answers(count: number): Promise<ReadonlyMap<string, number>> {
    const all = await Promise.all(Array.from({ length: count }, () => sidecar.send()));
    const counts = Map.groupBy(all, ({ status, body }) => `${status} ${body}`);
    return new Map([...counts].map(([key, found]) => [key, found.length]));
  }

  const only = (key: string) => async (): Promise<boolean> => (await answers(40)).get(key) === 40;

  test("without a policy all zones take part", async () => {
    await sidecar.apply("");
    expect([...(await answers(200)).keys()].toSorted()).toEqual(["200 v1", "200 v2"]);
  });

  test("the caller's zone takes all while it is ready, another one when it is not, and it comes back", async () => {
    await sidecar.apply("  loadBalancing: { locality: { failover: true } }\n");
    expect(await answers(200)).toEqual(new Map([["200 v1", 200]]));
    sidecar.setReady("v1", false);
    await until("the other zone takes over", 10_000, only("200 v2"));
    sidecar.setReady("v1", true);
    await until("the own zone takes over again", 10_000, only("200 v1"));
  });

  test("an endpoint that fails the sidecar's checks is left alone, and comes back", async () => {
    await sidecar.apply(
      "  loadBalancing: { locality: { failover: true } }\n" +
        "  healthCheck: { http: { path: /healthz }, interval: 200ms, unhealthyThreshold: 1, healthyThreshold: 1 }\n",
    );
    await until("the own zone is found well", 10_000, only("200 v1"));
    sidecar.setStatus("v1", 503);
    await until("the other zone takes over", 10_000, only("200 v2"));
    sidecar.setStatus("v1", 200);
    await until("the own zone takes over again", 10_000, only("200 v1"));
  });

  test("changes of health that follow each other reach Envoy's workers one by one", async () => {
    await sidecar.apply("  loadBalancing: { locality: { failover: true } }\n");
    let right = 0;
    for (const ready of [false, true, false, true, false, true]) {
      sidecar.setReady("v1", ready);
      await until("Envoy's main thread knows", 10_000, async () => {
        const hosts = (await sidecar.envoy.admin("/clusters")).split("\n");
        return hosts.some((line) => line.includes("127.0.0.1") && line.includes("failed_eds_health")) !== ready;
      });
      for (let sent = 0; sent < 60; sent++) {
        if ((await sidecar.send()).body === (ready ? "v1" : "v2")) right++;
      }
    }
    expect(right).toBeGreaterThan(0.75 * 360);
  });

  test("slow start is taken", async () => {
    await sidecar.apply("  loadBalancing: { slowStart: 1s }\n");
    expect(await sidecar.envoy.configDump()).toContain("slow_start_window");
  });
});
