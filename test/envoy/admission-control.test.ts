/** A sidecar spares a service that fails, and stops to when it is well again. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEFAULT_VERSION, OLDEST_VERSION } from "../../scripts/envoy.ts";
import { type PolicySidecar, startPolicySidecar } from "../support/policy-sidecar.ts";
import { until } from "../support/until.ts";

describe.each([DEFAULT_VERSION, OLDEST_VERSION])("Envoy %s", (version) => {
  let sidecar: PolicySidecar;
  let listeners: string;
  const listenersOf = () => sidecar.envoy.admin("/config_dump?resource=dynamic_listeners");

  beforeAll(async () => {
    sidecar = await startPolicySidecar(version);
    listeners = await listenersOf();
  });
  afterAll(async () => {
    expect(await listenersOf()).toBe(listeners);
    await sidecar.close();
  });

  /** Share of requests that the sidecar answered by itself. */
  async function shed(requests: number): Promise<number> {
    let own = 0;
    for (let sent = 0; sent < requests; sent += 50) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => sidecar.send()));
      own += answers.filter(({ seen }) => seen === undefined).length;
    }
    return own / requests;
  }

  test("most requests to a failing service are refused, and none to one that is well", async () => {
    const noRetries = "    - { retries: { attempts: 0 } }\n";
    await sidecar.apply(
      `${noRetries}  admissionControl: { window: 2s, minRequestsPerSecond: 1, maxRejectPercent: 90 }\n`,
    );
    await until("the cluster has the filter", 10_000, async () =>
      (await sidecar.envoy.configDump()).includes("AdmissionControl"),
    );
    expect(await shed(300)).toBe(0);
    for (const one of ["v1", "v2"] as const) sidecar.setStatus(one, 503);
    await until("it is found to fail", 10_000, async () => (await shed(100)) > 0.6);
    expect(await shed(600)).toBeGreaterThan(0.6);
    const counted = await sidecar.envoy.stats("admission_control.rq_rejected");
    expect(Object.values(counted).some((count) => count > 300)).toBe(true);
    for (const one of ["v1", "v2"] as const) sidecar.setStatus(one, 200);
    await until("it is found well again", 20_000, async () => (await shed(100)) === 0);
  });
});
