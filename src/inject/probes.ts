/**
 * A captured pod's TCP probes: the sidecar accepts every connection, so that they would always succeed. They are turned into HTTP
 * probes of the sidecar, which connects to the application itself; see `translate/tcp-probe.ts`.
 */
import { PROBE_PORT } from "./names.ts";
import type { Container, Probe } from "./pod-json.ts";

const PROBES = ["livenessProbe", "readinessProbe", "startupProbe"] as const;

export interface Rewritten {
  readonly container: Container;
  /** Ports that the sidecar has to look at. */
  readonly ports: readonly number[];
}

/** Probes of other hosts, and of ports that the container does not name, stay as they are. */
export function rewriteProbes(container: Container): Rewritten {
  const ports: number[] = [];
  const changed: Partial<Record<(typeof PROBES)[number], Probe>> = {};
  for (const kind of PROBES) {
    const probe = container[kind];
    const port = probe?.tcpSocket ? portOf(container, probe.tcpSocket) : undefined;
    if (!probe || port === undefined) continue;
    const { tcpSocket: _, ...rest } = probe;
    changed[kind] = { ...rest, httpGet: { path: `/tcp/${port}`, port: PROBE_PORT, scheme: "HTTP" } };
    ports.push(port);
  }
  return { container: ports.length === 0 ? container : { ...container, ...changed }, ports };
}

function portOf({ ports }: Container, { port, host }: NonNullable<Probe["tcpSocket"]>): number | undefined {
  if (host) return undefined;
  if (typeof port === "number") return port;
  return ports?.find(({ name }) => name === port)?.containerPort;
}
