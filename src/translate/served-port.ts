/** What the application of a pod serves, as the services that select the pod say. */
import type { Diagnostic } from "../base/diagnostic.ts";
import type { Protocol, Service, Workload } from "../model/snapshot.ts";
import { selects } from "./endpoints.ts";

/** A port of the pod itself, not of a service. */
export interface ServedPort {
  readonly port: number;
  readonly protocol: Protocol;
  /** Whose policy counts for what comes in: the oldest service that leads to the port. */
  readonly owner: Service;
}

/**
 * The pod's ports that services lead to, ascending. Where two services disagree on a port's protocol the older one is right.
 *
 * @param services oldest first
 */
export function servedPorts(
  services: readonly Service[],
  workload: Workload,
  report: (diagnostic: Diagnostic) => void,
): readonly ServedPort[] {
  const served = new Map<number, ServedPort>();
  for (const service of services) {
    for (const port of service.ports) {
      const number = podPort(service, port.name, port.targetPort, workload);
      if (number === undefined || port.protocol === "UDP") continue;
      const other = served.get(number);
      if (!other) served.set(number, { port: number, protocol: port.protocol, owner: service });
      else if (other.protocol !== port.protocol) {
        report({
          code: "HED2103",
          level: "warning",
          ref: service.ref,
          path: "spec.ports",
          message:
            `port ${number} of ${workload.name} is ${port.protocol} here and ${other.protocol} in Service ` +
            `${other.owner.key}, which is older and decides`,
        });
      }
    }
  }
  return [...served.values()].sort((a, b) => a.port - b.port);
}

function podPort(
  service: Service,
  portName: string,
  targetPort: number | string,
  workload: Workload,
): number | undefined {
  const endpoint = service.endpoints.find((e) => e.workload === workload.key);
  if (endpoint) return endpoint.ports[portName];
  const selected = Object.keys(service.selector).length > 0 && selects(service.selector, workload.labels);
  if (!selected || service.namespace !== workload.namespace) return undefined;
  if (typeof targetPort === "number") return targetPort;
  return workload.containerPorts.find(({ name }) => name === targetPort)?.port;
}
