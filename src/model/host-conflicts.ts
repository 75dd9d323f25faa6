/** Hosts that two services claim: sidecars that are told of both take them for the older one's. */
import { diagnostic } from "../base/diagnostic-codes.ts";
import type { Diagnostic } from "../base/diagnostic.ts";
import type { ServiceDefinition, ServicePort } from "./snapshot.ts";

interface Claim {
  readonly host: string;
  /** Field of the object that claims it. */
  readonly path: string;
}

/**
 * A finding for each host of a service that an older one has on the same port, where one of the two is an ExternalService. Connections
 * are told apart by addresses where they carry neither requests nor TLS.
 *
 * @param catalog oldest first
 */
export function diagnoseHosts(catalog: readonly ServiceDefinition[]): readonly Diagnostic[] {
  // Of Services alone no two can have one qualified name.
  if (!catalog.some(({ external }) => external)) return [];
  const owners = new Map<string, ServiceDefinition[]>();
  const found: Diagnostic[] = [];
  for (const service of catalog) {
    for (const { host, path } of claimsOf(service)) {
      for (const port of service.ports) {
        const way = wayOf(port);
        if (way === undefined) continue;
        const place = `${way} ${port.port} ${host}`;
        const known = owners.get(place) ?? [];
        const older = known.find((other) => meet(other, service));
        if (older) found.push(conflict(service, older, path, host, port.port));
        else owners.set(place, [...known, service]);
      }
    }
  }
  return found;
}

function claimsOf({ external, name, namespace, hostname }: ServiceDefinition): readonly Claim[] {
  if (external) return external.hosts.map((host, index) => ({ host, path: `spec.hosts[${index}]` }));
  return [`${name}.${namespace}`, `${name}.${namespace}.svc`, hostname].map((host) => ({
    host,
    path: "metadata.name",
  }));
}

/** How sidecars learn which host is meant. */
function wayOf({ protocol }: ServicePort): "request" | "SNI" | undefined {
  if (protocol === "TCP" || protocol === "UDP") return undefined;
  return protocol === "TLS" ? "SNI" : "request";
}

/** Some namespace may call both. */
function meet({ exportTo: a }: ServiceDefinition, { exportTo: b }: ServiceDefinition): boolean {
  return !a || !b || a.some((namespace) => b.includes(namespace));
}

function conflict(
  { ref }: ServiceDefinition,
  { ref: older }: ServiceDefinition,
  path: string,
  host: string,
  port: number,
): Diagnostic {
  const message = `${host} on port ${port} is ${older.kind} ${older.namespace}/${older.name} already, which is older or first by name`;
  return diagnostic("HED1330", { ref, path, message });
}
