/** What the status of every policy is to say, from what all parts of the control plane know. */
import { type Diagnostic, type ObjectRef, refKey } from "../base/diagnostic.ts";
import type { ObjectSet } from "../model/objects.ts";
import { keyOfRef } from "../model/external-services.ts";
import type { MeshSnapshot, Policy } from "../model/snapshot.ts";
import { countProxies, judgePolicy } from "../status/policy-status.ts";
import type { ReplicaReport } from "../status/report.ts";
import type { WantedPolicy } from "../status/wanted.ts";
import { isInjected } from "./injected.ts";

export interface StatusInput {
  readonly objects: ObjectSet;
  readonly mesh: MeshSnapshot;
  readonly diagnostics: readonly Diagnostic[];
  /** Of all replicas. */
  readonly reports: readonly ReplicaReport[];
}

/** By `refKey`. */
export function policyStatuses({
  objects,
  mesh,
  diagnostics,
  reports,
}: StatusInput): ReadonlyMap<string, WantedPolicy> {
  const expected = expectedSidecars(objects);
  const byPolicy = Map.groupBy(diagnostics, (diagnostic) => policyOf(mesh, diagnostic));
  const inForce = new Set([...mesh.services.values()].map(({ policy }) => policy?.key));
  const statuses = new Map<string, WantedPolicy>();
  for (const policy of mesh.policies.values()) {
    const facts = { key: policy.key, generation: policy.generation, inForce: inForce.has(policy.key) };
    const { proxies, samples } = countProxies(facts, reports, expected);
    const found = byPolicy.get(policy.key) ?? [];
    statuses.set(refKey(policy.ref), wanted(policy, { ...facts, diagnostics: found, proxies, samples }));
  }
  // Those that could not be read at all, now or ever.
  for (const [key, found] of byPolicy) {
    const ref = found.find((diagnostic) => diagnostic.ref?.kind === "TrafficPolicy")?.ref;
    if (key === undefined || !ref || statuses.has(refKey(ref))) continue;
    const unread = { ref, generation: 0, createdAt: 0 };
    statuses.set(
      refKey(ref),
      wanted(unread, { generation: 0, inForce: false, diagnostics: found, proxies: NONE, samples: [] }),
    );
  }
  return statuses;
}

const NONE = { matched: 0, synced: 0, stale: 0, rejected: 0 };

function wanted(
  { ref, generation, createdAt }: Pick<Policy, "ref" | "generation" | "createdAt">,
  facts: Parameters<typeof judgePolicy>[0],
): WantedPolicy {
  const { proxies, samples } = facts;
  return { ref, generation, createdAt, judgements: judgePolicy(facts), proxies, rejections: samples };
}

/** What could not be made of a service is a matter of the policy that is in force for it. */
function policyOf(mesh: MeshSnapshot, { code, ref }: Diagnostic): string | undefined {
  if (ref?.kind === "TrafficPolicy") return keyOf(ref);
  if (!ref || !["Service", "ExternalService"].includes(ref.kind) || !code.startsWith("HED2")) return undefined;
  return mesh.services.get(keyOfRef(ref))?.policy?.key;
}

function keyOf({ namespace, name }: ObjectRef): string {
  return `${namespace}/${name}`;
}

/** Pods that have a sidecar and are well: each of them should have a stream open to some replica. */
function expectedSidecars(objects: ObjectSet): number {
  let expected = 0;
  for (const { object: pod } of objects.Pod.values()) {
    if (isInjected(pod) && pod.ready && !pod.finished && !pod.meta.deleting) expected++;
  }
  return expected;
}
