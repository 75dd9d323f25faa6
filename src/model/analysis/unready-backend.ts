import type { Backend } from "../../api/traffic-policy.ts";
import type { Diagnostic } from "../../base/diagnostic.ts";
import { resolveBackend } from "../backend.ts";
import type { Endpoint, Service } from "../snapshot.ts";
import { selects } from "../workloads.ts";
import { finding, type Subject } from "./subject.ts";

/** Shares of the requests, and copies of them, for endpoints none of which is ready. */
export function unreadyBackends(subject: Subject): readonly Diagnostic[] {
  return (subject.policy.spec.routes ?? []).flatMap(({ split = [], mirror = [] }, index) => [
    ...unreadyIn(
      subject,
      split.map((share) => (share.weight === 0 ? undefined : share)),
      `spec.routes[${index}].split`,
      "its share of the requests is answered with 503",
    ),
    ...unreadyIn(subject, mirror, `spec.routes[${index}].mirror`, "its copies are lost"),
  ]);
}

function unreadyIn(
  { policy, targets, services }: Subject,
  backends: readonly (Backend | undefined)[],
  path: string,
  effect: string,
): readonly Diagnostic[] {
  return backends.flatMap((backend, at) => {
    const resolved = backend && resolveBackend(services, policy, backend);
    if (!resolved || resolved.found === "nothing") return [];
    const { subset } = resolved;
    const receivers: readonly Service[] = resolved.found === "service" ? [resolved.service] : targets;
    return receivers.flatMap(({ key, endpoints }) => {
      const isIn = ({ labels }: Endpoint): boolean => !subset || selects(subset.labels, labels);
      // Mostly one of the first is ready: the others need not be looked at.
      if (endpoints.some((endpoint) => endpoint.ready && isIn(endpoint))) return [];
      const group = endpoints.filter(isIn);
      if (group.length === 0) return [];
      const name = subset ? `subset "${subset.name}" of Service ${key}` : `Service ${key}`;
      const count = group.length === 1 ? "the only endpoint" : `none of the ${group.length} endpoints`;
      const message = `${count} of ${name} is ${group.length === 1 ? "not ready" : "ready"}: ${effect}`;
      return [finding(policy, "HED1356", `${path}[${at}]`, message)];
    });
  });
}
