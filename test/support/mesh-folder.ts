/** A folder of manifests for tests of the whole control plane: a client, and a service behind it. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "./temp-folder.ts";

export interface MeshFolder {
  readonly path: string;
  /** Replaces a file whole, as editors do. */
  write(name: string, text: string): void;
  remove(name: string): void;
}

/** An empty folder; removed when the test ends. */
export function meshFolder(): MeshFolder {
  const work = temporaryFolder();
  const path = join(work, "manifests");
  mkdirSync(path);
  return {
    path,
    write(name, text) {
      const beside = join(mkdtempSync(join(work, "new-")), name);
      writeFileSync(beside, text);
      renameSync(beside, join(path, name));
    },
    remove: (name) => rmSync(join(path, name)),
  };
}

/** An explicit sidecar `web.shop`, whose application reaches services at `127.0.0.1:port`. */
export function webPod(port: number): string {
  return `
apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
  labels: { app: web }
  annotations: { heddle.dev/capture: explicit, heddle.dev/outbound-http-port: "${port}" }
status: { podIP: 127.0.0.1 }
`;
}

/** The service `checkout` with one endpoint on loopback. */
export function checkoutService(port: number): string {
  return `
apiVersion: v1
kind: Service
metadata: { name: checkout, namespace: shop }
spec: { clusterIP: 10.0.0.1, selector: { app: checkout }, ports: [{ name: http, port: 80, targetPort: ${port} }] }
---
apiVersion: v1
kind: Pod
metadata: { name: checkout-0, namespace: shop, labels: { app: checkout } }
status: { podIP: 127.0.0.1 }
`;
}
