/** How the bytes of a service port are understood, from what its manifest says. */
import type { ServicePortObject } from "../api/service.ts";
import type { Protocol } from "./snapshot.ts";

/** What `appProtocol` or the prefix of a port's name may say. Protocols where the server speaks first are plain TCP. */
const BY_NAME: Readonly<Record<string, Protocol>> = {
  http: "HTTP",
  "grpc-web": "HTTP",
  http2: "HTTP2",
  grpc: "GRPC",
  https: "TLS",
  tls: "TLS",
  tcp: "TCP",
  mongo: "TCP",
  mysql: "TCP",
  redis: "TCP",
  "kubernetes.io/h2c": "HTTP2",
  "kubernetes.io/ws": "HTTP",
  "kubernetes.io/wss": "TLS",
};

/** What `appProtocol` is understood by. */
export const PROTOCOL_NAMES: readonly string[] = Object.keys(BY_NAME);

/** SMTP, DNS, MySQL and MongoDB: waiting for the client's first bytes would wait for ever. */
const SERVER_FIRST_PORTS: ReadonlySet<number> = new Set([25, 53, 3306, 27017]);

/** `appProtocol` decides, then the port name up to its first `-`, then well-known port numbers; else `Auto`. */
export function portProtocol(port: ServicePortObject): Protocol {
  if (port.protocol === "UDP") return "UDP";
  const declared = port.appProtocol === "" ? byPortName(port.name) : byName(port.appProtocol.toLowerCase());
  return declared ?? (SERVER_FIRST_PORTS.has(port.port) ? "TCP" : "Auto");
}

function byPortName(name: string): Protocol | undefined {
  if (name === "grpc-web" || name.startsWith("grpc-web-")) return "HTTP";
  return byName(name.split("-")[0] ?? "");
}

function byName(name: string): Protocol | undefined {
  return Object.hasOwn(BY_NAME, name) ? BY_NAME[name] : undefined;
}

/** Whether requests to a port are sure to be sent by HTTP/2. `forced` is what a policy says, of ports that take requests at all. */
export function sentByHttp2(protocol: Protocol, forced: boolean | undefined): boolean {
  const takesRequests = protocol !== "TCP" && protocol !== "TLS" && protocol !== "UDP";
  return takesRequests && (forced ?? (protocol === "HTTP2" || protocol === "GRPC"));
}
