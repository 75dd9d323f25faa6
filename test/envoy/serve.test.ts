/** The commands as a user runs them, with a stock Envoy: serve, bootstrap, and requests through the sidecar. */
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { DEFAULT_VERSION, OLDEST_VERSION } from "../../scripts/envoy.ts";
import { type CliProcess, startCli } from "../support/cli-process.ts";
import { type RunningEnvoy, startEnvoy } from "../support/envoy.ts";
import { freePort } from "../support/free-port.ts";
import { checkoutService, type MeshFolder, meshFolder, webPod } from "../support/mesh-folder.ts";
import { runCli } from "../support/run-cli.ts";
import { until } from "../support/until.ts";

const LIMIT = 20_000;
const TYPES = ["CDS", "EDS", "LDS", "RDS"];

/** An application that answers with its name; its port. */
async function app(name: string): Promise<number> {
  const server = createServer((_, response) => response.end(name));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

/** `200 body`, of a request through the sidecar for a host. */
function ask(port: number, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port, headers: { host }, timeout: 5000, agent: false }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => resolve(`${response.statusCode} ${body.trim()}`));
    });
    call.on("timeout", () => call.destroy(new Error("timed out")));
    call.on("error", reject);
    call.end();
  });
}

interface Serving extends CliProcess {
  readonly admin: string;
  readonly xds: string;
}

async function serve(folder: MeshFolder, xds = "127.0.0.1:0"): Promise<Serving> {
  const args = ["serve", "--source", `dir:${folder.path}`, "--xds-address", xds, "--admin-address", "127.0.0.1:0"];
  const running = startCli(args);
  const line = await until("the control plane serves", LIMIT, () => running.log().find(({ msg }) => msg === "serving"));
  return { ...running, admin: `http://${line.admin}`, xds: line.xds ?? "" };
}

async function sidecar(xds: string, version: string): Promise<RunningEnvoy> {
  const { stdout } = await runCli("bootstrap", "--proxy", "web.shop", "--xds", xds);
  const envoy = await startEnvoy({ bootstrap: parse(stdout) as Record<string, unknown>, version });
  onTestFinished(() => envoy.stop());
  return envoy;
}

async function status(admin: string): Promise<string> {
  const { stdout, stderr } = await runCli("proxy-status", "--admin", admin);
  return stdout + stderr;
}

const inStep = (version: string): RegExp =>
  new RegExp(`^web\\.shop +${TYPES.map(() => "SYNCED").join(" +")} +delta +${version.replaceAll(".", "\\.")}$`, "m");

test.each([DEFAULT_VERSION, OLDEST_VERSION])(
  "a sidecar of Envoy %s, from the first request to a restart",
  async (version) => {
    const [one, two, outbound] = [await app("one"), await app("two"), await freePort()];
    const folder = meshFolder();
    folder.write("web.yaml", webPod(outbound));
    folder.write("checkout.yaml", checkoutService(one));
    const first = await serve(folder);
    const envoy = await sidecar(first.xds, version);

    await until("the sidecar is in step", LIMIT, async () => inStep(version).test(await status(first.admin)));
    const full = "checkout.shop.svc.cluster.local";
    for (const host of ["checkout", "checkout.shop", full, `${full}.`, `${full}.:80`, "checkout:80", "10.0.0.1"]) {
      expect(`${host}: ${await ask(outbound, host)}`).toBe(`${host}: 200 one`);
    }
    expect(await ask(outbound, "unknown.example")).toMatch(/^502 /);

    folder.write("checkout.yaml", checkoutService(two));
    await until("the change is in force", LIMIT, async () => (await ask(outbound, "checkout")) === "200 two");
    expect(first.text.stdout).toBe("");
    expect(first.log().filter(({ level }) => level === "warn" || level === "error")).toEqual([]);

    first.child.kill("SIGKILL");
    await first.ended;
    expect(await ask(outbound, "checkout")).toBe("200 two");

    const second = await serve(folder, first.xds);
    await until("the sidecar is back in step", LIMIT, async () => inStep(version).test(await status(second.admin)));
    expect(await ask(outbound, "checkout")).toBe("200 two");
    const metrics = await (await fetch(`${second.admin}/metrics`)).text();
    const resent = TYPES.map((type) => metrics.match(`heddle_xds_resources_sent_total{type="${type}"} (\\d+)`)?.[1]);
    expect(resent).toEqual(["0", "0", "0", "0"]);
    expect((await envoy.stats("update_rejected"))["listener_manager.lds.update_rejected"] ?? 0).toBe(0);

    second.child.kill("SIGTERM");
    expect(await second.ended).toBe(0);
    expect(await ask(outbound, "checkout")).toBe("200 two");
  },
);

function connections(max: number): string {
  return `
apiVersion: heddle.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: checkout, namespace: shop }
spec: { targetRefs: [{ kind: Service, name: checkout }], circuitBreaker: { maxConnections: ${max} } }
`;
}

test.each([DEFAULT_VERSION, OLDEST_VERSION])(
  "a policy that changed while the control plane was away is in force on Envoy %s when it is back",
  async (version) => {
    const [one, outbound] = [await app("one"), await freePort()];
    const folder = meshFolder();
    folder.write("web.yaml", webPod(outbound));
    folder.write("checkout.yaml", checkoutService(one));
    folder.write("policy.yaml", connections(1111));
    const first = await serve(folder);
    const envoy = await sidecar(first.xds, version);
    await until("the sidecar is in step", LIMIT, async () => inStep(version).test(await status(first.admin)));
    expect(await envoy.admin("/clusters")).toContain("default_priority::max_connections::1111");

    first.child.kill("SIGKILL");
    await first.ended;
    folder.write("policy.yaml", connections(2222));
    const second = await serve(folder, first.xds);
    // The changed cluster warms until it is sent its endpoints, which have not changed; until then the old one is in use.
    await until("the sidecar is back in step", LIMIT, async () => inStep(version).test(await status(second.admin)));
    expect(await envoy.admin("/clusters")).toContain("default_priority::max_connections::2222");
    expect(await ask(outbound, "checkout")).toBe("200 one");
  },
);
