/** The sidecar of an application that gets slower the more it has to do finds out how much it can do at once. */
import { Agent } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEFAULT_VERSION, OLDEST_VERSION } from "../../scripts/envoy.ts";
import type { RunningEnvoy } from "../support/envoy.ts";
import { freePort } from "../support/free-port.ts";
import { httpSend } from "../support/http-send.ts";
import { pod, service, type SidecarMesh, startSidecarMesh, trafficPolicy } from "../support/sidecar-mesh.ts";
import { until } from "../support/until.ts";

const CALLERS = 80;

describe.each([DEFAULT_VERSION, OLDEST_VERSION])("Envoy %s", (version) => {
  let mesh: SidecarMesh;
  let envoy: RunningEnvoy;
  let port: number;
  let listeners: string;
  const agent = new Agent({ keepAlive: true });
  /** Requests that the application has, and the sum of what it had whenever one came. */
  const load = { now: 0, sum: 0 };

  beforeAll(async () => {
    mesh = await startSidecarMesh(version);
    port = await freePort();
    const app = await mesh.app("127.0.0.1", (_, response) => {
      load.sum += ++load.now;
      // The more there is to do, the longer all of it takes.
      setTimeout(() => response.end("ok", () => void load.now--), 10 + 4 * load.now);
    });
    const annotations = `heddle.dev/inbound-ports: "${port}:${app}", heddle.dev/outbound-http-port: "${await freePort()}"`;
    mesh.write(
      "mesh.yaml",
      pod({ name: "checkout", ip: "127.0.0.5", app: "checkout", annotations }) + service("checkout", port),
    );
    envoy = await mesh.sidecar("checkout.shop");
    listeners = await listenersOf();
  });
  afterAll(async () => {
    expect(await listenersOf()).toBe(listeners);
    agent.destroy();
    await mesh.close();
  });

  const listenersOf = () => envoy.admin("/config_dump?resource=dynamic_listeners");

  async function apply(spec: string, adaptive: boolean): Promise<void> {
    mesh.write("policy.yaml", trafficPolicy("checkout", spec));
    await until("the sidecar runs the policy", 10_000, async () => {
      const dump = await envoy.admin("/config_dump?resource=ecds_filters");
      return dump.includes("adaptive_concurrency.v3.AdaptiveConcurrency") === adaptive;
    });
  }

  /** Many callers ask again and again until so many requests were accepted: how many were not, and the application's mean load. */
  async function flood(accepted: number): Promise<{ readonly refused: number; readonly meanLoad: number }> {
    const [counts, before] = [{ accepted: 0, refused: 0 }, load.sum];
    const caller = async (): Promise<void> => {
      while (counts.accepted < accepted) {
        const { status } = await httpSend(port, { host: "127.0.0.5", agent });
        if (status === 200) counts.accepted++;
        else if (status === 503) counts.refused++;
        else throw new Error(`${status}`);
        if (status !== 200) await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));
    return { refused: counts.refused, meanLoad: (load.sum - before) / counts.accepted };
  }

  test("what is too much is refused, and without a policy nothing is", async () => {
    await apply("  connection: { connectTimeout: 1s }\n", false);
    const without = await flood(500);
    expect(without.refused).toBe(0);

    const settings = "{ updateInterval: 400ms, minLatency: { requests: 20 } }";
    await apply(`  inbound: { adaptiveConcurrency: ${settings} }\n`, true);
    await flood(400);
    const limited = await flood(500);
    expect(limited.refused).toBeGreaterThan(100);
    expect(limited.meanLoad / without.meanLoad, `${limited.meanLoad} of ${without.meanLoad}`).toBeLessThan(0.7);
    const blocked = Object.values(await envoy.stats("gradient_controller.rq_blocked"));
    expect(blocked.some((count) => count >= limited.refused)).toBe(true);

    await apply("  connection: { connectTimeout: 1s }\n", false);
    await until("the worker has it too", 10_000, async () => (await flood(CALLERS)).refused === 0);
    expect((await flood(500)).refused).toBe(0);
  });
});
