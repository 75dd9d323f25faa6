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
  /** Tells the mesh whether a version's only endpoint is ready. v1 is in the caller's zone, v2 in another one of its region. */
  setReady(version: "v1" | "v2", ready: boolean): void;
  /** Tells an application what to answer from now on. */
  setStatus(version: "v1" | "v2", status: number): void;
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
    const statuses = { v1: 200, v2: 200 };
    const ports = {
      v1: await app("v1", "127.0.0.1", () => statuses.v1, closing),
      v2: await app("v2", "127.0.0.2", () => statuses.v2, closing),
    };
    const ready = { v1: true, v2: true };
    writeFileSync(join(folder, "mesh.yaml"), meshOf(outbound));
    const writeSlices = (): void => writeFileSync(join(folder, "slices.yaml"), slicesOf(ports, ready));
    writeSlices();
    const xdsAddress = "127.0.0.1:0";
    const config = configSchema.parse({ source: `dir:${folder}`, xdsAddress, adminAddress: xdsAddress });
    const controlPlane = createControlPlane(config, { logger: createLogger("silent") });
    closing.push(() => controlPlane.stop());
    const { xdsPort } = await controlPlane.start();
    const xds = { host: "127.0.0.1", port: xdsPort };
    const text = bootstrap({ proxy: "web.shop", xds, admin: { host: "x", port: 0 } });
    const envoy = await startEnvoy({ bootstrap: text, ...(version !== undefined && { version }) });
    closing.push(() => envoy.stop());
    return {
      envoy,
      apply: applier(folder, envoy),
      setReady(which, is) {
        ready[which] = is;
        writeSlices();
      },
      setStatus: (which, status) => void (statuses[which] = status),
      send: (options) => send(outbound, options),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** An application that answers with its name, after `x-delay` milliseconds, and tells what it saw; its port. */
export async function app(
  name: string,
  address: string,
  status: () => number,
  closing: (() => unknown)[],
): Promise<number> {
  const server = createServer((incoming, response) => {
    response.statusCode = status();
    // So that a caller that heeds it can be told from one that does not.
    if (response.statusCode === 429) response.setHeader("retry-after", "1");
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

/** A request to `checkout`, or to the host given, by way of the sidecar that listens on the port. */
export function send(port: number, options: RequestOptions = {}): Promise<Answer> {
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

type Versions<T> = Readonly<Record<"v1" | "v2", T>>;

function slicesOf(ports: Versions<number>, ready: Versions<boolean>): string {
  const slice = (version: "v1" | "v2", ip: string): string => `---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: checkout-${version}, namespace: shop, labels: { kubernetes.io/service-name: checkout } }
addressType: IPv4
ports: [{ name: http, port: ${ports[version]} }]
endpoints:
  - addresses: [${ip}]
    conditions: { ready: ${ready[version]} }
    targetRef: { kind: Pod, name: checkout-${version}, namespace: shop }
`;
  return slice("v1", "127.0.0.1") + slice("v2", "127.0.0.2");
}

function meshOf(outbound: number): string {
  const pod = (name: string, labels: string, node: string, ip: string, annotations: string): string => `apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: shop, labels: { ${labels} }, annotations: { ${annotations} } }
spec: { nodeName: ${node}, containers: [{ name: app }] }
status: { podIP: ${ip} }
---
`;
  const node = (name: string): string => `apiVersion: v1
kind: Node
metadata: { name: ${name}, labels: { topology.kubernetes.io/region: r, topology.kubernetes.io/zone: ${name} } }
---
`;
  const explicit = `heddle.dev/capture: explicit, heddle.dev/outbound-http-port: "${outbound}"`;
  return [
    node("zone-a"),
    node("zone-b"),
    pod("web", "app: web, version: v0", "zone-a", "127.0.0.9", explicit),
    pod("checkout-v1", "app: checkout, version: v1", "zone-a", "127.0.0.1", "a: b"),
    pod("checkout-v2", "app: checkout, version: v2", "zone-b", "127.0.0.2", "a: b"),
    `apiVersion: v1
kind: Service
metadata: { name: checkout, namespace: shop }
spec: { clusterIP: 10.96.0.1, selector: { app: checkout }, ports: [{ name: http, port: 80 }] }
`,
  ].join("");
}
