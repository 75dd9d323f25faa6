/** Limits that a rate-limit service counts for all sidecars together. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEFAULT_VERSION, OLDEST_VERSION } from "../../scripts/envoy.ts";
import type { RunningEnvoy } from "../support/envoy.ts";
import { acceptedBy } from "../support/flood.ts";
import { freePort } from "../support/free-port.ts";
import { httpSend, statusCounts } from "../support/http-send.ts";
import { type RateLimitService, startRateLimitService } from "../support/rate-limit-service.ts";
import { pod, service, type SidecarMesh, startSidecarMesh, trafficPolicy } from "../support/sidecar-mesh.ts";
import { until } from "../support/until.ts";

const RATE = 150;

describe.each([DEFAULT_VERSION, OLDEST_VERSION])("Envoy %s", (version) => {
  let mesh: SidecarMesh;
  let limits: RateLimitService;
  let listeners: string;
  const envoys: RunningEnvoy[] = [];
  const ports: number[] = [];

  beforeAll(async () => {
    mesh = await startSidecarMesh(version);
    limits = await startRateLimitService("127.0.0.7", RATE, RATE);
    mesh.onClose(() => limits.stop());
    const app = await mesh.app("127.0.0.1", (_, response) => void response.end("ok"));
    for (let i = 0; i < 3; i++) ports.push(await freePort());
    const callers = ports.map((port, i) =>
      pod({
        name: `web-${i}`,
        ip: `127.0.0.${10 + i}`,
        app: "web",
        serviceAccount: i === 0 ? "first" : "others",
        annotations: `heddle.dev/outbound-http-port: "${port}"`,
      }),
    );
    mesh.write(
      "mesh.yaml",
      callers.join("") +
        pod({ name: "checkout", ip: "127.0.0.1", app: "checkout" }) +
        pod({ name: "limits", ip: "127.0.0.7", app: "limits" }) +
        service("checkout", app) +
        service("limits", limits.port, "grpc"),
    );
    for (let i = 0; i < 3; i++) envoys.push(await mesh.sidecar(`web-${i}.shop`));
    listeners = await listenersOf();
  });

  afterAll(async () => {
    expect(await listenersOf()).toBe(listeners);
    await mesh.close();
  });

  const listenersOf = (): Promise<string> => envoys[0]!.admin("/config_dump?resource=dynamic_listeners");

  async function apply(routes: string, marker: string): Promise<void> {
    mesh.write("policy.yaml", trafficPolicy("checkout", `  routes:\n${routes}`));
    await until("all sidecars have the limit", 10_000, async () => {
      const dumps = await Promise.all(envoys.map((envoy) => envoy.configDump()));
      return dumps.every((dump) => dump.includes(marker));
    });
  }

  const send = (port: number, path = "/", headers = {}) =>
    httpSend(port, { path, headers: { host: "checkout", ...headers } });

  test("the limit is one for one sidecar and for three", async () => {
    const asks = "{ name: limits, port: 80, domain: sum, descriptors: [{ key: route, value: all }] }";
    await apply(`    - rateLimit: { service: ${asks} }\n`, '"domain": "sum"');
    for (const members of [1, 3]) {
      const rate = await acceptedBy(ports.slice(0, members), { host: "checkout" }, 3);
      expect(Math.abs(rate - RATE) / RATE, `${members} sidecars let ${rate} through in a second`).toBeLessThan(0.05);
    }
    expect([...limits.asked.keys()]).toEqual(["sum route=all"]);
  });

  test("each value of a header and each caller is counted apart, and told", async () => {
    await apply(
      "    - rateLimit: { by: [{ header: X-User }, { caller: true }], service: { name: limits, port: 80, domain: apart } }\n",
      '"domain": "apart"',
    );
    const accepted = async (port: number, headers: object): Promise<number> => {
      const all = await Promise.all(Array.from({ length: 8 }, () => send(port, "/", headers)));
      return statusCounts(all)[200] ?? 0;
    };
    expect(await accepted(ports[0]!, { "x-user": "a" })).toBe(8);
    expect(await accepted(ports[0]!, { "x-user": "b" })).toBe(8);
    expect(await accepted(ports[1]!, { "x-user": "a" })).toBe(8);
    expect(await accepted(ports[1]!, {})).toBe(8);
    const told = [...limits.asked].filter(([name]) => name.startsWith("apart "));
    expect(told).toEqual([
      ["apart x-user=a,caller=shop/first", 8],
      ["apart x-user=b,caller=shop/first", 8],
      ["apart x-user=a,caller=shop/others", 8],
    ]);
  });

  test("without an answer of the service requests pass or are refused, as the policy says", async () => {
    const asks = (mode: string) =>
      `{ name: limits, port: 80, domain: down, failureMode: ${mode}, descriptors: [{ key: a, value: b }] }`;
    await apply(
      `    - { match: [{ path: { prefix: /deny } }], rateLimit: { service: ${asks("Deny")} } }\n` +
        `    - rateLimit: { service: ${asks("Allow")} }\n`,
      '"domain": "down"',
    );
    // A service that is busy for 100 ms gives no answer either.
    await until("the service answers", 10_000, async () => (await send(ports[0]!, "/deny")).status === 200);
    expect((await send(ports[0]!)).status).toBe(200);
    limits.stop();
    const gone = await Promise.all(Array.from({ length: 10 }, () => send(ports[0]!, "/deny")));
    expect(statusCounts(gone)).toEqual({ 503: 10 });
    const passed = await Promise.all(Array.from({ length: 10 }, () => send(ports[0]!)));
    expect(statusCounts(passed)).toEqual({ 200: 10 });
  });
});
