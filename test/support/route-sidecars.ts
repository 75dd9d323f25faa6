/** Real Envoys as the sidecars of callers in two namespaces, before Services that routes of the Gateway API decide on. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { RequestOptions } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { configSchema } from "../../src/control-plane/config.ts";
import { createControlPlane } from "../../src/control-plane/control-plane.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { bootstrap } from "../../src/translate/bootstrap.ts";
import { type RunningEnvoy, startEnvoy } from "./envoy.ts";
import { freePort } from "./free-port.ts";
import { type Answer, app, send } from "./policy-sidecar.ts";
import { until } from "./until.ts";

/** `shop` is where the Services are. */
export type Caller = "shop" | "other";

export interface RouteSidecars {
  readonly envoys: Readonly<Record<Caller, RunningEnvoy>>;
  /**
   * Saves manifests in the place of those before, and waits until both sidecars have what was saved.
   *
   * @param manifests YAML documents; the namespace has Services `checkout` (ports 80 and 8080), `v2` and `empty` (port 80)
   */
  apply(manifests: string): Promise<void>;
  /** A request to `checkout.shop`, or to the host given. */
  send(caller: Caller, options?: RequestOptions): Promise<Answer>;
  /** Requests that an application has had so far. */
  seen(name: "v1" | "v2"): number;
  close(): Promise<void>;
}

export async function startRouteSidecars(version: string): Promise<RouteSidecars> {
  const folder = mkdtempSync(join(tmpdir(), "heddle-routes-"));
  const closing: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).toReversed()) await end();
  };
  try {
    const counts = { v1: 0, v2: 0 };
    const counted = (name: "v1" | "v2") => (): number => {
      counts[name]++;
      return 200;
    };
    const apps = {
      v1: await app("v1", "127.0.0.1", counted("v1"), closing),
      v2: await app("v2", "127.0.0.2", counted("v2"), closing),
    };
    const outbound = { shop: await freePort(), other: await freePort() };
    writeFileSync(join(folder, "mesh.yaml"), meshOf(outbound, apps));
    const any = "127.0.0.1:0";
    const config = configSchema.parse({ source: `dir:${folder}`, xdsAddress: any, adminAddress: any });
    const controlPlane = createControlPlane(config, { logger: createLogger("silent") });
    closing.push(() => controlPlane.stop());
    const { xdsPort } = await controlPlane.start();
    const start = async (namespace: Caller): Promise<RunningEnvoy> => {
      const xds = { host: "127.0.0.1", port: xdsPort };
      const text = bootstrap({ proxy: `web.${namespace}`, xds, admin: { host: "x", port: 0 } });
      const envoy = await startEnvoy({ bootstrap: text, version });
      closing.push(() => envoy.stop());
      return envoy;
    };
    const envoys = { shop: await start("shop"), other: await start("other") };
    return {
      envoys,
      apply: applier(folder, Object.values(envoys)),
      send: (caller, options = {}) =>
        send(outbound[caller], { ...options, headers: { host: "checkout.shop", ...options.headers } }),
      seen: (name) => counts[name],
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A Service of its own tells that a sidecar has what was saved with it, and another's absence that what was before is gone. */
function applier(folder: string, envoys: readonly RunningEnvoy[]): RouteSidecars["apply"] {
  let saved = 0;
  return async (manifests) => {
    const before = `marker-${saved}.shop`;
    const marker = `marker-${++saved}`;
    writeFileSync(join(folder, "routes.yaml"), `${manifests}\n---\n${serviceOf(marker, "10.96.1.1", [80])}`);
    await until("the sidecars have the routes", 10_000, async () => {
      const dumps = await Promise.all(
        envoys.map((envoy) => envoy.admin("/config_dump?resource=dynamic_route_configs")),
      );
      return dumps.every((dump) => dump.includes(`${marker}.shop`) && !dump.includes(before));
    });
  };
}

function meshOf(outbound: Readonly<Record<Caller, number>>, apps: Readonly<Record<"v1" | "v2", number>>): string {
  return [
    podOf("shop", outbound.shop, "127.0.0.8"),
    podOf("other", outbound.other, "127.0.0.9"),
    serviceOf("checkout", "10.96.0.1", [80, 8080]),
    sliceOf("checkout", "127.0.0.1", apps.v1),
    serviceOf("v2", "10.96.0.2", [80]),
    sliceOf("v2", "127.0.0.2", apps.v2),
    serviceOf("empty", "10.96.0.3", [80]),
  ].join("---\n");
}

function podOf(namespace: Caller, outbound: number, ip: string): string {
  return `apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: ${namespace}
  annotations: { heddle.dev/capture: explicit, heddle.dev/outbound-http-port: "${outbound}" }
spec: { containers: [{ name: app }] }
status: { podIP: ${ip} }
`;
}

function serviceOf(name: string, ip: string, ports: readonly number[]): string {
  const list = ports.map((port) => `{ name: http-${port}, port: ${port} }`).join(", ");
  return `apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop }
spec: { clusterIP: ${ip}, ports: [${list}] }
`;
}

function sliceOf(service: string, ip: string, port: number): string {
  return `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${service}, namespace: shop, labels: { kubernetes.io/service-name: ${service} } }
addressType: IPv4
ports: [{ name: http-80, port: ${port} }, { name: http-8080, port: ${port} }]
endpoints: [{ addresses: [${ip}], conditions: { ready: true } }]
`;
}
