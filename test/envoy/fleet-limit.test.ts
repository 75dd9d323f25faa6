/** A limit that all sidecars of a workload share holds while there come to be more of them, and fewer. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEFAULT_VERSION, OLDEST_VERSION } from "../../scripts/envoy.ts";
import type { RunningEnvoy } from "../support/envoy.ts";
import { freePort } from "../support/free-port.ts";
import { acceptedBy } from "../support/flood.ts";
import { pod, service, type SidecarMesh, startSidecarMesh, trafficPolicy } from "../support/sidecar-mesh.ts";
import { until } from "../support/until.ts";

describe.each([DEFAULT_VERSION, OLDEST_VERSION])("Envoy %s", (version) => {
  let mesh: SidecarMesh;
  const envoys: RunningEnvoy[] = [];
  const ports: number[] = [];
  let appPort = 0;

  beforeAll(async () => {
    mesh = await startSidecarMesh(version);
    appPort = await mesh.app("127.0.0.1", (_, response) => void response.end("ok"));
    for (let i = 0; i < 3; i++) ports.push(await freePort());
  });
  afterAll(() => mesh.close());

  function write(members: number): void {
    const web = ports.map((port, i) => {
      const annotations = `heddle.dev/outbound-http-port: "${port}"`;
      return pod({ name: `web-${i}`, ip: `127.0.0.${10 + i}`, app: "web", annotations, ready: i < members });
    });
    const checkout = pod({ name: "checkout", ip: "127.0.0.1", app: "checkout" });
    mesh.write("mesh.yaml", web.join("") + checkout + service("checkout", appPort));
  }

  async function scale(members: number): Promise<void> {
    write(members);
    while (envoys.length < members) envoys.push(await mesh.sidecar(`web-${envoys.length}.shop`));
    await until("each sidecar knows its fleet", 10_000, async () => {
      const sizes = await Promise.all(
        envoys.slice(0, members).map(async (envoy) => {
          const stats = await envoy.stats("cluster.heddle-fleet.membership_total");
          return stats["cluster.heddle-fleet.membership_total"];
        }),
      );
      return sizes.every((size) => size === members);
    });
  }

  const RATE = 200;

  test("one sidecar has the whole limit, three have a third each, two have a half, at every time the same sum", async () => {
    mesh.write(
      "policy.yaml",
      trafficPolicy("checkout", `  routes: [{ rateLimit: { requests: ${RATE}, scope: Fleet, burst: ${RATE} } }]\n`),
    );
    for (const members of [1, 3, 2]) {
      await scale(members);
      const rate = await acceptedBy(ports.slice(0, members), { host: "checkout" }, 3);
      expect(Math.abs(rate - RATE) / RATE, `${members} sidecars let ${rate} through in a second`).toBeLessThan(0.05);
    }
  });

  test("a fleet larger than the limit is not shut out", async () => {
    mesh.write(
      "policy.yaml",
      trafficPolicy("checkout", "  routes: [{ rateLimit: { requests: 2, per: 100ms, scope: Fleet } }]\n"),
    );
    await scale(3);
    const rate = await acceptedBy(ports, { host: "checkout" }, 3);
    // Of so few a window holds a part of one more or less.
    expect(rate).toBeGreaterThan(16);
    expect(rate).toBeLessThan(22);
  });
});
