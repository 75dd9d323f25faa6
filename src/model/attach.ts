/** Which policy is in force for which service (GEP-713, merge strategy "none"). */
import { closest } from "../api/suggest.ts";
import { diagnostic } from "../base/diagnostic-codes.ts";
import { type Diagnostic, formatRef } from "../base/diagnostic.ts";
import { keyOfRef } from "./external-services.ts";
import { compareAge } from "./order.ts";
import type { Key, Policy, ServiceDefinition } from "./snapshot.ts";

type Target = Policy["spec"]["targetRefs"][number];

export interface Attachment {
  /** By service key. */
  readonly inForce: ReadonlyMap<Key, Policy>;
  readonly diagnostics: readonly Diagnostic[];
}

/** The oldest policy of a target wins whole; each later one, and each target that does not exist, is a diagnostic. */
export function attach(services: ReadonlyMap<Key, ServiceDefinition>, policies: Iterable<Policy>): Attachment {
  const inForce = new Map<Key, Policy>();
  const diagnostics: Diagnostic[] = [];
  for (const policy of [...policies].sort(compareAge)) {
    for (const [index, target] of policy.spec.targetRefs.entries()) {
      const key = keyOfRef({ ...target, namespace: policy.namespace });
      const about = { ref: policy.ref, path: `spec.targetRefs[${index}].name` };
      const winner = inForce.get(key);
      if (!services.has(key)) {
        diagnostics.push(diagnostic("HED1302", { ...about, message: notFound(services, policy, target) }));
      } else if (winner) {
        diagnostics.push(diagnostic("HED1301", { ...about, message: conflict(services.get(key)!, winner, policy) }));
      } else {
        inForce.set(key, policy);
      }
    }
  }
  return { inForce, diagnostics };
}

function conflict({ ref }: ServiceDefinition, winner: Policy, loser: Policy): string {
  const first = winner.createdAt < loser.createdAt ? "older" : "as old and first by name";
  return `${formatRef(ref)} has TrafficPolicy ${winner.key} already, which is ${first}; this policy is not in force for it`;
}

function notFound(services: ReadonlyMap<Key, ServiceDefinition>, policy: Policy, { kind, name }: Target): string {
  const siblings = [...services.values()]
    .filter(({ namespace, ref }) => namespace === policy.namespace && ref.kind === kind)
    .map((s) => s.name);
  const meant = closest(name, siblings);
  const advice = meant === undefined ? "" : `; did you mean "${meant}"?`;
  return `there is no ${kind} "${name}" in namespace ${policy.namespace}${advice}`;
}
