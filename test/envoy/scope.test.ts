/** What a sidecar is told of, by what its pod is said or seen to call: real Envoys in explicit mode before a hundred services. */
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEFAULT_VERSION, OLDEST_VERSION } from "../../scripts/envoy.ts";
import { configSchema } from "../../src/control-plane/config.ts";
import { createControlPlane, type ControlPlane } from "../../src/control-plane/control-plane.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { bootstrap } from "../../src/translate/bootstrap.ts";
import { type RunningEnvoy, startEnvoy } from "../support/envoy.ts";
import { freePort } from "../support/free-port.ts";
import { until } from "../support/until.ts";

const SERVICES = 100;
const closing: (() => unknown)[] = [];
let folder: string;
let controlPlane: ControlPlane;
let xds: { host: string; port: number };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "heddle-scope-"));
  closing.push(() => rmSync(folder, { recursive: true, force: true }));
  const server = createServer((incoming, response) => response.end(`${incoming.headers.host} ${incoming.url}`));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  closing.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  const services = Array.from({ length: SERVICES }, (_, i) => serviceAt(`svc-${i}`, i, port));
  writeFileSync(join(folder, "services.yaml"), services.join("---\n"));
  writeFileSync(join(folder, "policy.yaml"), POLICY);
  const config = configSchema.parse({
    source: `dir:${folder}`,
    xdsAddress: "127.0.0.1:0",
    adminAddress: "127.0.0.1:0",
  });
  controlPlane = createControlPlane(config, { logger: createLogger("silent") });
  closing.push(() => controlPlane.stop());
  xds = { host: "127.0.0.1", port: (await controlPlane.start()).xdsPort };
});
afterAll(async () => {
  for (const end of closing.toReversed()) await end();
});

describe.each([DEFAULT_VERSION, OLDEST_VERSION])("Envoy %s", (version) => {
  test("that is told of all services has all clusters", async () => {
    const { clusters, stop } = await sidecar("all", undefined, version);
    expect((await clusters()).length).toBe(SERVICES);
    await stop();
  });

  test("that is told of two has two, and answers for the others that it does not know them", async () => {
    const { clusters, get, stop } = await sidecar("listed", "svc-3, svc-7.shop", version);
    expect(await clusters()).toEqual(["svc-3", "svc-7"]);
    expect(await get("svc-7", "/x")).toEqual({ status: 200, body: "svc-7 /x" });
    expect((await get("svc-8", "/x")).status).toBe(502);
    await stop();
  });

  test("that finds out by itself loses no first request, obeys policies from then on, and its siblings start with that", async () => {
    const first = await sidecar("auto-1", "auto", version);
    expect(await first.clusters()).toEqual([]);
    const hosts = ["svc-5", "svc-6.shop", "svc-9.shop.svc.cluster.local", "svc-5:80"];
    const answers = await Promise.all([...hosts, ...hosts].map((host) => first.get(host, "/first")));
    expect(answers).toEqual([...hosts, ...hosts].map((host) => ({ status: 200, body: `${host} /first` })));
    expect(await first.clusters()).toEqual(["svc-5", "svc-6", "svc-9"]);
    // The policy rewrites the path: a request gets it as soon as the routes are there.
    await until("the policy is in force", 5000, async () => (await first.get("svc-9", "/old")).body === "svc-9 /new");
    // Nobody has that name: an answer at once, not after the time that Envoy waits.
    expect((await first.get("nobody.shop", "/")).status).toBe(503);
    const second = await sidecar("auto-2", "auto", version);
    expect(await second.clusters()).toEqual(["svc-5", "svc-6", "svc-9"]);
    await first.stop();
    await second.stop();
  });
});

const POLICY = `apiVersion: heddle.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: rewrite, namespace: shop }
spec:
  targetRefs: [{ kind: Service, name: svc-9 }]
  routes: [{ match: [{ path: { prefix: /old } }], rewrite: { prefix: /new } }]
`;

function serviceAt(name: string, index: number, port: number): string {
  return `apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop }
spec: { clusterIP: 10.96.1.${index}, ports: [{ name: http, port: 80 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${name}, namespace: shop, labels: { kubernetes.io/service-name: ${name} } }
addressType: IPv4
ports: [{ name: http, port: ${port} }]
endpoints: [{ addresses: [127.0.0.1] }]
`;
}

interface Sidecar {
  /** Services that it has clusters for. */
  clusters(): Promise<readonly string[]>;
  get(host: string, path: string): Promise<{ readonly status: number; readonly body: string }>;
  stop(): Promise<void>;
}

async function sidecar(kind: string, dependencies: string | undefined, version: string): Promise<Sidecar> {
  const port = await freePort();
  const name = `${kind}-${version.replaceAll(".", "-")}`;
  const annotations = [
    "heddle.dev/capture: explicit",
    `heddle.dev/outbound-http-port: "${port}"`,
    ...(dependencies === undefined ? [] : [`heddle.dev/dependencies: "${dependencies}"`]),
  ];
  writeFileSync(
    join(folder, `${name}.yaml`),
    `apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: shop, labels: { app: "${version}" }, annotations: { ${annotations.join(", ")} } }
spec: { containers: [{ name: app }] }
status: { podIP: 127.0.0.9 }
`,
  );
  const text = bootstrap({ proxy: `${name}.shop`, xds, admin: { host: "x", port: 0 } });
  const envoy: RunningEnvoy = await startEnvoy({ bootstrap: text, version });
  closing.push(() => envoy.stop());
  await until("the sidecar listens", 10_000, async () => (await envoy.configDump()).includes("outbound|http"));
  return {
    async clusters() {
      const names = [...(await envoy.configDump()).matchAll(/"name": "outbound\|80\|\|(svc-\d+)\./g)].map(
        ([, svc]) => svc!,
      );
      return [...new Set(names)].sort();
    },
    get: (host, path) => get(port, host, path),
    stop: () => envoy.stop(),
  };
}

function get(port: number, host: string, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port, path, headers: { host }, timeout: 10_000 }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
    call.on("timeout", () => call.destroy(new Error("timed out")));
    call.on("error", reject);
    call.end();
  });
}
