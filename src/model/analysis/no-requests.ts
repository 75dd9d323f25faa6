import type { Diagnostic } from "../../base/diagnostic.ts";
import { finding, type Subject } from "./subject.ts";

/** Fields about requests where no target has a port that takes requests. */
export function noRequests({ policy, targets }: Subject): readonly Diagnostic[] {
  const ports = targets.flatMap((service) => service.ports);
  if (ports.length === 0) return [];
  if (ports.some(({ protocol }) => protocol !== "TCP" && protocol !== "TLS" && protocol !== "UDP")) return [];
  const { routes = [], admissionControl, inbound, loadBalancing } = policy.spec;
  const given = {
    "spec.routes": routes.length > 0,
    "spec.admissionControl": admissionControl !== undefined,
    "spec.inbound.adaptiveConcurrency": inbound?.adaptiveConcurrency !== undefined,
    "spec.loadBalancing.affinity": loadBalancing?.affinity !== undefined,
  };
  const known = ports.map(({ port, protocol }) => `${port} is ${protocol}`).join(", ");
  return Object.entries(given).flatMap(([path, there]) => {
    if (!there) return [];
    return [finding(policy, "HED1352", path, `is about requests, and no port of the target takes any (${known})`)];
  });
}
