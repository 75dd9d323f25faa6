import type { Diagnostic } from "../../base/diagnostic.ts";
import { resolveBackend } from "../backend.ts";
import type { Service } from "../snapshot.ts";
import { finding, type Subject } from "./subject.ts";

/** Where a split of connections has nothing to divide, or nothing to send them to. */
export function tcpSplits({ policy, targets, services }: Subject): readonly Diagnostic[] {
  const { tcp } = policy.spec;
  if (!tcp) return [];
  const useless = targets.flatMap((service) => {
    const why = notSplit(service);
    return why === undefined ? [] : [finding(policy, "HED1320", "spec.tcp", why)];
  });
  const nowhere = tcp.split.flatMap((entry, at) => {
    const backend = resolveBackend(services, policy, entry);
    if (backend.found !== "service" || backend.service.type !== "ExternalName") return [];
    const message = `Service ${backend.service.key} is an ExternalName and has no endpoints: its share goes to the others`;
    return [finding(policy, "HED1321", `spec.tcp.split[${at}].service`, message)];
  });
  return [...useless, ...nowhere];
}

function notSplit({ key, type, ports }: Service): string | undefined {
  if (type === "ExternalName") return `Service ${key} is an ExternalName: its connections cannot be split`;
  if (ports.some(({ protocol }) => protocol === "TCP" || protocol === "TLS" || protocol === "Auto")) return undefined;
  const known = ports.map(({ port, protocol }) => `${port} is ${protocol}`).join(", ") || "it has none";
  return `Service ${key} has no port of TCP, TLS or an undeclared protocol (${known}); requests are split by routes[].split`;
}
