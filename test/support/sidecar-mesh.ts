/** A control plane over a folder that a test writes, and as many real Envoys as its pods have sidecars. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { configSchema } from "../../src/control-plane/config.ts";
import { createControlPlane } from "../../src/control-plane/control-plane.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { bootstrap } from "../../src/translate/bootstrap.ts";
import { type RunningEnvoy, startEnvoy } from "./envoy.ts";

export interface SidecarMesh {
  /** Saves a file of manifests. */
  write(file: string, text: string): void;
  /** The sidecar of a pod, `<pod>.<namespace>`. */
  sidecar(proxy: string): Promise<RunningEnvoy>;
  /** An application; its port. */
  app(address: string, answer: RequestListener): Promise<number>;
  onClose(end: () => unknown): void;
  close(): Promise<void>;
}

/** Envoys of one version. */
export async function startSidecarMesh(version: string): Promise<SidecarMesh> {
  const folder = mkdtempSync(join(tmpdir(), "heddle-mesh-"));
  const closing: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const anywhere = "127.0.0.1:0";
  const config = configSchema.parse({ source: `dir:${folder}`, xdsAddress: anywhere, adminAddress: anywhere });
  const controlPlane = createControlPlane(config, { logger: createLogger("silent") });
  closing.push(() => controlPlane.stop());
  const { xdsPort } = await controlPlane.start();
  return {
    write(file, text) {
      // At once: half a file would be a mesh of its own.
      writeFileSync(join(folder, `${file}.part`), text);
      renameSync(join(folder, `${file}.part`), join(folder, file));
    },
    async sidecar(proxy) {
      const xds = { host: "127.0.0.1", port: xdsPort };
      const envoy = await startEnvoy({ bootstrap: bootstrap({ proxy, xds, admin: { host: "x", port: 0 } }), version });
      closing.push(() => envoy.stop());
      return envoy;
    },
    async app(address, answer) {
      const server = createServer(answer);
      await new Promise<void>((done) => server.listen(0, address, done));
      closing.push(() => {
        server.close();
        server.closeAllConnections();
      });
      return (server.address() as AddressInfo).port;
    },
    onClose: (end) => void closing.push(end),
    async close() {
      for (const end of closing.splice(0).toReversed()) await end();
    },
  };
}

export interface PodShape {
  readonly name: string;
  readonly ip: string;
  readonly app: string;
  readonly annotations?: string;
  readonly serviceAccount?: string;
  readonly ready?: boolean;
}

/** A pod of namespace `shop` with an explicit sidecar. */
export function pod(shape: PodShape): string {
  const { name, ip, app, annotations = "a: b", serviceAccount = "default", ready = true } = shape;
  return `---
apiVersion: v1
kind: Pod
metadata:
  name: ${name}
  namespace: shop
  labels: { app: ${app} }
  annotations: { heddle.dev/capture: explicit, ${annotations} }
spec: { serviceAccountName: ${serviceAccount}, containers: [{ name: app }] }
status: { podIP: ${ip}, conditions: [{ type: Ready, status: "${ready ? "True" : "False"}" }] }
`;
}

/** A Service of namespace `shop` for the pods with the label `app` of its name. */
export function service(name: string, targetPort: number, portName = "http"): string {
  return `---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop }
spec: { clusterIP: 10.96.0.1, selector: { app: ${name} }, ports: [{ name: ${portName}, port: 80, targetPort: ${targetPort} }] }
`;
}

/** A TrafficPolicy for a Service. @param spec YAML, indented by two */
export function trafficPolicy(target: string, spec: string): string {
  return `---
apiVersion: heddle.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: ${target}, namespace: shop }
spec:
  targetRefs: [{ kind: Service, name: ${target} }]
${spec}`;
}
