/** The sidecar that configuration is made for, as its pod describes it. */
import { isIP } from "node:net";
import type { Diagnostic, ObjectRef } from "../base/diagnostic.ts";
import type { Key, MeshSnapshot, Namespace, Workload } from "../model/snapshot.ts";
import { parsePort } from "./port.ts";
import {
  type OutboundUdpPort,
  OUTBOUND_UDP_PORTS,
  OUTBOUND_UDP_PORTS_FORM,
  parseOutboundUdpPorts,
} from "./udp-ports.ts";
import type { OutboundPolicy } from "./settings.ts";
import { ALL, type Dependencies, DEPENDENCIES, DEPENDENCIES_FORM, parseDependencies } from "./dependencies.ts";

/** See ADR 4. */
export type Capture = "transparent" | "explicit";

/** A port that an explicit sidecar opens on the pod's address, and where the application listens. */
export interface InboundPort {
  readonly port: number;
  readonly appAddress: string;
  readonly appPort: number;
}

export interface Proxy {
  /** `<pod>.<namespace>`, Envoy's node id. */
  readonly id: string;
  readonly workload: Workload;
  readonly capture: Capture;
  /** Where an explicit sidecar listens for its application. */
  readonly outboundAddress: string;
  readonly outboundHttpPort: number;
  readonly inboundPorts: readonly InboundPort[];
  /** UDP ports for the application, whatever the capture mode. */
  readonly outboundUdpPorts: readonly OutboundUdpPort[];
  /** Ports of the application whose TCP probes the sidecar answers, see `tcp-probe.ts`. */
  readonly tcpProbes: readonly number[];
  /** By the pod's own word, or its namespace's. */
  readonly dependencies: Dependencies;
  /** What its namespace says of traffic to where the mesh knows nothing; undefined for what holds for the mesh. */
  readonly outboundPolicy: OutboundPolicy | undefined;
  /** Annotations that could not be understood. */
  readonly diagnostics: readonly Diagnostic[];
}

export const CAPTURE = "heddle.dev/capture";
export const OUTBOUND_ADDRESS = "heddle.dev/outbound-address";
export const OUTBOUND_HTTP_PORT = "heddle.dev/outbound-http-port";
export const INBOUND_PORTS = "heddle.dev/inbound-ports";
/** On a namespace: what becomes of its pods' traffic to where the mesh knows nothing. */
export const OUTBOUND_POLICY = "heddle.dev/outbound-policy";
export const TCP_PROBES = "heddle.dev/tcp-probes";

const DEFAULT_HTTP_PORT = 15080;
/** More inbound ports than this on one pod are a mistake. */
const MAX_INBOUND_PORTS = 64;

/** The proxy with this node id, or undefined when there is no such pod. */
export function resolveProxy(snapshot: MeshSnapshot, id: string): Proxy | undefined {
  return createProxyResolver(id)(snapshot);
}

/** `resolveProxy` for one id that is asked for again and again: an unchanged pod is the very same proxy. */
export function createProxyResolver(id: string): (snapshot: MeshSnapshot) => Proxy | undefined {
  const key = workloadKey(id);
  let of: { readonly workload: Workload; readonly namespace: Namespace | undefined } | undefined;
  let proxy: Proxy | undefined;
  return ({ workloads, namespaces }) => {
    const workload = workloads.get(key);
    if (!workload) return undefined;
    const namespace = namespaces.get(workload.namespace);
    if (proxy && of?.workload === workload && of.namespace === namespace) return proxy;
    of = { workload, namespace };
    return (proxy = describeProxy(id, workload, namespace));
  };
}

/** Pod names may hold dots, namespaces may not. */
function workloadKey(id: string): Key {
  const dot = id.lastIndexOf(".");
  return `${id.slice(dot + 1)}/${id.slice(0, Math.max(dot, 0))}`;
}

function describeProxy(id: string, workload: Workload, namespace: Namespace | undefined): Proxy {
  const diagnostics: Diagnostic[] = [];
  const read = <T>(
    name: string,
    fallback: T,
    parse: (text: string) => T | undefined,
    right: string,
    annotations = workload.annotations,
    ref = workload.ref,
  ): T => {
    const text = annotations[name];
    if (text === undefined) return fallback;
    const value = parse(text);
    if (value !== undefined) return value;
    const path = `metadata.annotations["${name}"]`;
    const message = `${JSON.stringify(text.slice(0, 100))} is not understood and left out: it must be ${right}`;
    diagnostics.push({ code: "HED2101", level: "error", ref, path, message });
    return fallback;
  };
  const parseList = (text: string): Dependencies | undefined => parseDependencies(text, workload.namespace);
  const parseUdp = (text: string): readonly OutboundUdpPort[] | undefined =>
    parseOutboundUdpPorts(text, workload.namespace);
  const ofNamespace: ObjectRef = { kind: "Namespace", namespace: "", name: workload.namespace };
  const inherited = namespace?.annotations ?? {};
  const anAddress = (text: string): string | undefined => (isIP(text) ? text : undefined);
  return {
    id,
    workload,
    capture: read<Capture>(CAPTURE, "transparent", parseCapture, "transparent or explicit"),
    outboundAddress: read(OUTBOUND_ADDRESS, "127.0.0.1", anAddress, "an IP address"),
    outboundHttpPort: read(OUTBOUND_HTTP_PORT, DEFAULT_HTTP_PORT, parsePort, "a port from 1 to 65535"),
    inboundPorts: read(
      INBOUND_PORTS,
      [],
      parseInboundPorts,
      'a list such as "8080:9001, 8081:127.0.0.5:9002", each port once',
    ),
    outboundUdpPorts: read(OUTBOUND_UDP_PORTS, [], parseUdp, OUTBOUND_UDP_PORTS_FORM),
    dependencies: read(
      DEPENDENCIES,
      // The pod's own list counts alone.
      workload.annotations[DEPENDENCIES] === undefined
        ? read(DEPENDENCIES, ALL, parseList, DEPENDENCIES_FORM, inherited, ofNamespace)
        : ALL,
      parseList,
      DEPENDENCIES_FORM,
    ),
    outboundPolicy: read<OutboundPolicy | undefined>(
      OUTBOUND_POLICY,
      undefined,
      parseOutboundPolicy,
      "allow-any or registry-only",
      inherited,
      ofNamespace,
    ),
    tcpProbes: read(TCP_PROBES, [], parsePorts, 'a list of ports such as "8080,9090"'),
    diagnostics,
  };
}

function parsePorts(text: string): readonly number[] | undefined {
  const ports = text.split(",").map(parsePort);
  if (ports.length > MAX_INBOUND_PORTS || !ports.every((port) => port !== undefined)) return undefined;
  return [...new Set(ports)].sort((a, b) => a - b);
}

function parseOutboundPolicy(text: string): OutboundPolicy | undefined {
  return text === "allow-any" || text === "registry-only" ? text : undefined;
}

function parseCapture(text: string): Capture | undefined {
  return text === "transparent" || text === "explicit" ? text : undefined;
}

function parseInboundPorts(text: string): readonly InboundPort[] | undefined {
  const ports: InboundPort[] = [];
  for (const entry of text.split(",").map((part) => part.trim())) {
    const [, listen, address = "127.0.0.1", app] = /^([0-9]+):(?:(.+):)?([0-9]+)$/.exec(entry) ?? [];
    const port = parsePort(listen ?? "");
    const appPort = parsePort(app ?? "");
    const bare = address.replace(/^\[(.*)\]$/, "$1");
    if (port === undefined || appPort === undefined || !isIP(bare)) return undefined;
    if (ports.some((other) => other.port === port)) return undefined;
    ports.push({ port, appAddress: bare, appPort });
  }
  return ports.length <= MAX_INBOUND_PORTS ? ports : undefined;
}
