/** A real Envoy as the sidecar of a caller, before two versions of one service, with a policy that a test writes. */
import { createServer, type IncomingHttpHeaders, request, type RequestOptions } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { configSchema } from "../../src/control-plane/config.ts";
import { createControlPlane } from "../../src/control-plane/control-plane.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { bootstrap } from "../../src/translate/bootstrap.ts";
import { type RunningEnvoy, startEnvoy } from "./envoy.ts";
import { freePort } from "./free-port.ts";
import { until } from "./until.ts";

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
  /** What the application was asked, where one was. */
  readonly seen: Seen | undefined;
}

export interface Seen {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

export interface PolicySidecar {
  readonly envoy: RunningEnvoy;
  /**
   * Saves a policy for Service `checkout` with the subsets `v1` and `v2`, and waits until the sidecar runs it.
   *
   * @param spec YAML: more routes, indented by four, then further fields of the spec
   */
  apply(spec: string): Promise<void>;
  /** A request to `checkout` by way of the sidecar. */
  send(options?: RequestOptions): Promise<Answer>;
  close(): Promise<void>;
}

/** Envoys of one version; by default the newest. */
export async function startPolicySidecar(version?: string): Promise<PolicySidecar> {
  const folder = mkdtempSync(join(tmpdir(), "heddle-traffic-"));
  const closing: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).toReversed()) await end();
  };
  try {
    const outbound = await freePort();
    const ports = { v1: await app("v1", "127.0.0.1", closing), v2: await app("v2", "127.0.0.2", closing) };
    writeFileSync(join(folder, "mesh.yaml"), meshOf(ports, outbound));
    const xdsAddress = "127.0.0.1:0";
    const config = configSchema.parse({ source: `dir:${folder}`, xdsAddress, adminAddress: xdsAddress });
    const controlPlane = createControlPlane(config, { logger: createLogger("silent") });
    closing.push(() => controlPlane.stop());
    const { xdsPort } = await controlPlane.start();
    const xds = { host: "127.0.0.1", port: xdsPort };
    const text = bootstrap({ proxy: "web.shop", xds, admin: { host: "x", port: 0 } });
    const envoy = await startEnvoy({ bootstrap: text, ...(version !== undefined && { version }) });
    closing.push(() => envoy.stop());
    return { envoy, apply: applier(folder, envoy), send: (options) => send(outbound, options), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** An application that answers with its name, after `x-delay` milliseconds, and tells what it saw; its port. */
async function app(name: string, address: string, closing: (() => unknown)[]): Promise<number> {
  const server = createServer((incoming, response) => {
    const seen: Seen = { url: incoming.url ?? "", headers: incoming.headers };
    response.setHeader("x-seen", encodeURIComponent(JSON.stringify(seen)));
    response.setHeader("x-version", name);
    setTimeout(() => response.end(name), Number(incoming.headers["x-delay"] ?? 0));
  });
  await new Promise<void>((done) => server.listen(0, address, done));
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

function send(port: number, options: RequestOptions = {}): Promise<Answer> {
  const headers = { host: "checkout", ...options.headers };
  return new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port, ...options, headers, timeout: 10_000 }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => {
        const { "x-seen": seen, ...rest } = response.headers;
        resolve({
          status: response.statusCode ?? 0,
          body,
          headers: rest,
          seen: typeof seen === "string" ? (JSON.parse(decodeURIComponent(seen)) as Seen) : undefined,
        });
      });
    });
    call.on("timeout", () => call.destroy(new Error("timed out")));
    call.on("error", reject);
    call.end();
  });
}

/** Each policy has a marker of its own, so that the sidecar can be asked whether it runs it. */
function applier(folder: string, envoy: RunningEnvoy): PolicySidecar["apply"] {
  let saved = 0;
  return async (spec) => {
    const marker = `marker-${++saved}`;
    writeFileSync(
      join(folder, "policy.yaml"),
      `apiVersion: heddle.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: checkout, namespace: shop }
spec:
  targetRefs: [{ kind: Service, name: checkout }]
  subsets:
    - { name: v1, labels: { version: v1 } }
    - { name: v2, labels: { version: v2 } }
  routes:
    - { name: ${marker}, match: [{ path: { exact: /${marker} } }], split: [{ subset: v1 }] }
${spec}`,
    );
    await until("the sidecar runs the policy", 10_000, async () => (await envoy.configDump()).includes(marker));
  };
}

function meshOf(ports: Readonly<Record<"v1" | "v2", number>>, outbound: number): string {
  const pod = (name: string, app: string, version: string, ip: string, annotations: string): string => `apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: shop, labels: { app: ${app}, version: ${version} }, annotations: { ${annotations} } }
spec: { containers: [{ name: app }] }
status: { podIP: ${ip} }
---
`;
  const slice = (version: "v1" | "v2", ip: string): string => `---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: checkout-${version}, namespace: shop, labels: { kubernetes.io/service-name: checkout } }
addressType: IPv4
ports: [{ name: http, port: ${ports[version]} }]
endpoints: [{ addresses: [${ip}], targetRef: { kind: Pod, name: checkout-${version}, namespace: shop } }]
`;
  const explicit = `heddle.dev/capture: explicit, heddle.dev/outbound-http-port: "${outbound}"`;
  return [
    pod("web", "web", "v0", "127.0.0.9", explicit),
    pod("checkout-v1", "checkout", "v1", "127.0.0.1", "a: b"),
    pod("checkout-v2", "checkout", "v2", "127.0.0.2", "a: b"),
    `apiVersion: v1
kind: Service
metadata: { name: checkout, namespace: shop }
spec: { clusterIP: 10.96.0.1, selector: { app: checkout }, ports: [{ name: http, port: 80 }] }
`,
    slice("v1", "127.0.0.1"),
    slice("v2", "127.0.0.2"),
  ].join("");
}
