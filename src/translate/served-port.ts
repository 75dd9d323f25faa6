/** What the application of a pod serves, as the services that lead to the pod say. */
import type { Diagnostic } from "../base/diagnostic.ts";
import type { MeshSnapshot, Protocol, ServiceDefinition, Workload } from "../model/snapshot.ts";

/** A port of the pod itself, not of a service. */
export interface ServedPort {
  readonly port: number;
  readonly protocol: Protocol;
  /** Whose policy counts for what comes in: the oldest service that leads to the port. */
  readonly owner: ServiceDefinition;
}

/** The pod's ports that services lead to, ascending. Where two services disagree on a port's protocol the older one is right. */
export function servedPorts(
  { serving, services }: Pick<MeshSnapshot, "serving" | "services">,
  workload: Workload,
  report: (diagnostic: Diagnostic) => void,
): readonly ServedPort[] {
  const served = new Map<number, ServedPort>();
  // Oldest first.
  for (const { service: key, ports } of serving.get(workload.key) ?? []) {
    const service = services.get(key)!.definition;
    for (const { name, protocol } of service.ports) {
      const number = ports[name];
      if (number === undefined || protocol === "UDP") continue;
      const other = served.get(number);
      if (!other) served.set(number, { port: number, protocol, owner: service });
      else if (other.protocol !== protocol) {
        report({
          code: "HED2103",
          level: "warning",
          ref: service.ref,
          path: "spec.ports",
          message:
            `port ${number} of ${workload.name} is ${protocol} here and ${other.protocol} in Service ` +
            `${other.owner.key}, which is older and decides`,
        });
      }
    }
  }
  return [...served.values()].sort((a, b) => a.port - b.port);
}
