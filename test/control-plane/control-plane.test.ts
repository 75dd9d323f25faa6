/** The control plane as a whole: a folder goes in, a client of the discovery protocol is served. */
import { createServer } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { configSchema } from "../../src/control-plane/config.ts";
import { createControlPlane } from "../../src/control-plane/control-plane.ts";
import { connectDelta, type FakeEnvoy } from "../support/fake-envoy.ts";
import { CDS, EDS, LDS, loadWire, RDS } from "../support/fake-envoy-wire.ts";
import { freePort } from "../support/free-port.ts";
import { memoryLog } from "../support/memory-log.ts";
import { checkoutService, type MeshFolder, meshFolder, webPod } from "../support/mesh-folder.ts";
import { until } from "../support/until.ts";

const wire = loadWire();
const LIMIT = 10_000;
const CHECKOUT = "outbound|80||checkout.shop";

function configFor(folder: string, addresses: { xdsAddress?: string; adminAddress?: string } = {}) {
  return configSchema.parse({
    source: `dir:${folder}`,
    xdsAddress: "127.0.0.1:0",
    adminAddress: "127.0.0.1:0",
    ...addresses,
  });
}

async function start(folder: MeshFolder) {
  const log = memoryLog();
  const controlPlane = createControlPlane(configFor(folder.path), { logger: log.logger });
  const { xdsPort, adminPort } = await controlPlane.start();
  onTestFinished(() => controlPlane.stop());
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${adminPort}${path}`);
    return { status: response.status, text: await response.text() };
  };
  return { log, xdsPort, get, controlPlane };
}

/** An Envoy of a pod, which asks for clusters and then for what they lead to. */
function connect(port: number, nodeId: string): FakeEnvoy {
  const envoy = connectDelta({ wire, port, nodeId, mode: "envoy" });
  onTestFinished(() => envoy.destroy());
  envoy.subscribe(CDS);
  return envoy;
}

function metric(text: string, name: string): number {
  const [, value] = new RegExp(`^${name.replace(/[{}"]/g, "\\$&")} (\\S+)$`, "m").exec(text) ?? [];
  return Number(value);
}

describe("a folder of manifests", () => {
  test("is served to a sidecar, and so is each change of it", async () => {
    const folder = meshFolder();
    folder.write("mesh.yaml", `${webPod(15_080)}---${checkoutService(9001)}`);
    const { xdsPort, get } = await start(folder);
    const envoy = connect(xdsPort, "web.shop");
    const endpoints = () => JSON.stringify(envoy.decoded(EDS, CHECKOUT) ?? {});
    await until("the first configuration", LIMIT, () => endpoints().includes("9001"));
    await until(
      "listeners and routes",
      LIMIT,
      () => envoy.view(LDS).known.size > 0 && envoy.view(RDS).known.has("http"),
    );

    folder.write("mesh.yaml", `${webPod(15_080)}---${checkoutService(9002)}`);
    await until("the change", LIMIT, () => endpoints().includes("9002") && !endpoints().includes("9001"));

    await until("the metrics of it", LIMIT, async () => {
      const { text } = await get("/metrics");
      return metric(text, "heddle_convergence_seconds_count") > 0 && metric(text, "heddle_xds_streams") === 1;
    });
    const { text } = await get("/metrics");
    expect(metric(text, 'heddle_xds_nacks_total{type="CDS"}')).toBe(0);
    expect(metric(text, 'heddle_xds_acks_total{type="RDS"}')).toBeGreaterThan(0);
    expect(metric(text, "heddle_publish_seconds_count")).toBeGreaterThanOrEqual(2);
    expect(metric(text, "heddle_translation_failures_total")).toBe(0);
  });

  test("a mistake in it is logged with file and line, takes nothing away, and its end is logged", async () => {
    const folder = meshFolder();
    folder.write("web.yaml", webPod(15_080));
    folder.write("checkout.yaml", checkoutService(9001));
    const { xdsPort, log, get } = await start(folder);
    const envoy = connect(xdsPort, "web.shop");
    await until("the first configuration", LIMIT, () => envoy.view(CDS).known.has(CHECKOUT));

    folder.write("checkout.yaml", checkoutService(9001).replace("port: 80,", "port: 80000,"));
    const wrong = /^error \S*checkout\.yaml:5: HED\d{4} error: Service shop\/checkout: spec\.ports\[0\]\.port: /;
    await until("the finding", LIMIT, () => log.lines().some((line) => wrong.test(line)));
    expect(JSON.parse((await get("/debug/diagnostics")).text)).toMatchObject({
      diagnostics: [{ path: "spec.ports[0].port", place: { line: 5 } }],
    });
    expect(envoy.view(CDS).known.has(CHECKOUT)).toBe(true);

    folder.write("checkout.yaml", checkoutService(9001));
    await until("its end", LIMIT, () => log.lines().some((line) => line.startsWith("info resolved: ")));
    expect(JSON.parse((await get("/debug/diagnostics")).text)).toEqual({ diagnostics: [] });
    expect(envoy.view(CDS).known.has(CHECKOUT)).toBe(true);
  });

  test("what is wrong with a sidecar's own pod is logged when it connects", async () => {
    const folder = meshFolder();
    folder.write("web.yaml", webPod(99_999));
    const { xdsPort, log } = await start(folder);
    // Past the report of the start, which would find it as well.
    await new Promise((resolve) => setTimeout(resolve, 500));
    connect(xdsPort, "web.shop");
    const wrong = /^error \S*web\.yaml:\d+: HED2101 error: Pod shop\/web: metadata\.annotations/;
    await until("the finding", LIMIT, () => log.lines().some((line) => wrong.test(line)));
  });
});

describe("a sidecar", () => {
  test("whose pod is not known yet waits, and is served when it appears", async () => {
    const folder = meshFolder();
    folder.write("checkout.yaml", checkoutService(9001));
    const { xdsPort, log, get } = await start(folder);
    const envoy = connect(xdsPort, "web.shop");
    await until("the log", LIMIT, () => log.lines().some((line) => line.includes("no such pod is known")));
    expect(envoy.view(CDS).counts.responses).toBe(0);
    expect(await get("/debug/config?proxy=web.shop")).toMatchObject({ status: 404 });
    folder.write("web.yaml", webPod(15_080));
    await until("its configuration", LIMIT, () => envoy.view(CDS).known.has(CHECKOUT));
  });

  test("that leaves is forgotten; one without an id disturbs nothing", async () => {
    const folder = meshFolder();
    folder.write("mesh.yaml", `${webPod(15_080)}---${checkoutService(9001)}`);
    const { xdsPort, get, log } = await start(folder);
    const nameless = connect(xdsPort, "");
    const envoy = connect(xdsPort, "web.shop");
    await until("its configuration", LIMIT, () => envoy.view(CDS).known.has(CHECKOUT));
    expect(metric((await get("/metrics")).text, "heddle_xds_streams")).toBe(2);
    nameless.destroy();
    envoy.destroy();
    await until("both are gone", LIMIT, async () => metric((await get("/metrics")).text, "heddle_xds_streams") === 0);
    const { status, text } = await get("/debug/config?proxy=web.shop");
    expect([status, JSON.parse(text)]).toEqual([404, { error: "no proxy web.shop is connected", proxies: [] }]);
    expect(log.lines().filter((line) => /^(warn|error)/.test(line))).toEqual([]);
  });

  test("is shown by the admin interface, with what it is to run", async () => {
    const folder = meshFolder();
    folder.write("mesh.yaml", `${webPod(15_080)}---${checkoutService(9001)}`);
    const { xdsPort, get } = await start(folder);
    connect(xdsPort, "web.shop");
    const synced = async () => {
      const { proxies } = JSON.parse((await get("/debug/proxies")).text) as {
        proxies: { id: string; envoy: string; types: { type: string; state: string }[] }[];
      };
      const states = proxies[0]?.types.map(({ type, state }) => `${type} ${state}`);
      return states?.join() === "CDS SYNCED,EDS SYNCED,LDS SYNCED,RDS SYNCED" && proxies[0];
    };
    expect(await until("all in step", LIMIT, synced)).toMatchObject({
      id: "web.shop",
      envoy: "1.40.0",
      protocol: "delta",
    });
    const { clusters, secrets } = JSON.parse((await get("/debug/config?proxy=web.shop")).text) as {
      clusters: { name: string }[];
      secrets: unknown[];
    };
    expect(clusters.map(({ name }) => name)).toContain(CHECKOUT);
    expect(secrets).toEqual([]);
  });
});

describe("starting", () => {
  test("fails with a code, and leaves nothing running, when a port is taken", async () => {
    const folder = meshFolder();
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void taken.close());
    const address = taken.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const at = `127.0.0.1:${address.port}`;
    const { logger } = memoryLog();
    const own = await freePort();

    const config = configFor(folder.path, { xdsAddress: at, adminAddress: `127.0.0.1:${own}` });
    await expect(createControlPlane(config, { logger }).start()).rejects.toMatchObject({ code: "XDS_LISTEN" });
    await expect(fetch(`http://127.0.0.1:${own}/healthz`)).rejects.toThrow();
    const other = configFor(folder.path, { adminAddress: at });
    await expect(createControlPlane(other, { logger }).start()).rejects.toMatchObject({ code: "ADMIN_LISTEN" });
    const nowhere = configFor(`${folder.path}/none`);
    await expect(createControlPlane(nowhere, { logger }).start()).rejects.toMatchObject({ code: "SOURCE_UNREADABLE" });
  });

  test("a stopped control plane ends its streams and can be stopped again", async () => {
    const folder = meshFolder();
    folder.write("mesh.yaml", `${webPod(15_080)}---${checkoutService(9001)}`);
    const { xdsPort, controlPlane, get } = await start(folder);
    const envoy = connect(xdsPort, "web.shop");
    await until("its configuration", LIMIT, () => envoy.view(CDS).known.has(CHECKOUT));
    expect(await get("/readyz")).toEqual({ status: 200, text: "ok\n" });
    await controlPlane.stop();
    await envoy.ended;
    await expect(get("/healthz")).rejects.toThrow();
    await controlPlane.stop();
  });
});
