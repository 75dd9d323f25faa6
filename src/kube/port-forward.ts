/** A local port that leads into a pod, through the API server: the pod's own loopback is enough for it. */
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { type KubeConfig, PortForward } from "@kubernetes/client-node";
import { messageOf } from "../base/errors.ts";
import { KubeError } from "./errors.ts";

export interface Forward {
  /** On 127.0.0.1. */
  readonly port: number;
  close(): void;
}

/** Connections at once. */
const MAX_CONNECTIONS = 16;

/** @throws KubeError KUBE_UNREACHABLE when no local port can be opened; a pod that cannot be reached ends the connection */
export function forwardPort(
  config: KubeConfig,
  pod: { readonly namespace: string; readonly name: string },
  port: number,
): Promise<Forward> {
  const forward = new PortForward(config);
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    forward.portForward(pod.namespace, pod.name, [port], socket, null, socket).then(
      (opened) => {
        if (typeof opened === "function") return;
        opened.addEventListener("close", () => socket.destroy());
        socket.once("close", () => opened.close());
      },
      () => socket.destroy(),
    );
  });
  server.maxConnections = MAX_CONNECTIONS;
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      reject(new KubeError(`cannot open a local port: ${messageOf(cause)}`, { cause }));
    });
    server.listen(0, "127.0.0.1", () =>
      resolve({ port: (server.address() as AddressInfo).port, close: () => void server.close() }),
    );
  });
}
