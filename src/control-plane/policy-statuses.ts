/** What the status of every policy is to say, from what all parts of the control plane know. */
import { isDeepStrictEqual } from "node:util";
import { type Diagnostic, type ObjectRef, refKey } from "../base/diagnostic.ts";
import type { ObjectSet } from "../model/objects.ts";
import { keyOfRef } from "../model/external-services.ts";
import type { MeshSnapshot, Policy } from "../model/snapshot.ts";
import { countProxies, judgePolicy, type PolicyFacts } from "../status/policy-status.ts";
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

/** By `refKey`. A status that is as it was is the very same object. */
export type PolicyStatuses = (input: StatusInput) => ReadonlyMap<string, WantedPolicy>;

interface Told {
  readonly policy: Policy;
  readonly facts: PolicyFacts;
  readonly status: WantedPolicy;
}

/** Remembers what it said last. */
export function createPolicyStatuses(): PolicyStatuses {
  const told = new Map<string, Told>();
  const expected = createExpectation();

  return (input) => {
    const statuses = policyStatuses(input, expected(input.objects.Pod), (policy, facts) => {
      const before = told.get(policy.key);
      if (before?.policy === policy && sameFacts(before.facts, facts)) return before.status;
      const status = wanted(policy, facts);
      told.set(policy.key, { policy, facts, status });
      return status;
    });
    for (const key of told.keys()) if (!input.mesh.policies.has(key)) told.delete(key);
    return statuses;
  };
}

function sameFacts(a: PolicyFacts, b: PolicyFacts): boolean {
  return (
    a.inForce === b.inForce &&
    a.proxies.matched === b.proxies.matched &&
    a.proxies.synced === b.proxies.synced &&
    a.proxies.stale === b.proxies.stale &&
    a.proxies.rejected === b.proxies.rejected &&
    sameItems(a.samples, b.samples) &&
    sameItems(a.diagnostics, b.diagnostics)
  );
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && (a.length === 0 || isDeepStrictEqual(a, b));
}

/** @param judge what is said of a policy that was read */
function policyStatuses(
  { mesh, diagnostics, reports }: StatusInput,
  expected: number,
  judge: (policy: Policy, facts: PolicyFacts) => WantedPolicy,
): ReadonlyMap<string, WantedPolicy> {
  const byPolicy = Map.groupBy(diagnostics, (diagnostic) => policyOf(mesh, diagnostic));
  const inForce = new Set([...mesh.services.values()].map(({ policy }) => policy?.key));
  const statuses = new Map<string, WantedPolicy>();
  for (const policy of mesh.policies.values()) {
    const facts = { key: policy.key, generation: policy.generation, inForce: inForce.has(policy.key) };
    const { proxies, samples } = countProxies(facts, reports, expected);
    const found = byPolicy.get(policy.key) ?? NO_FINDINGS;
    statuses.set(refKey(policy.ref), judge(policy, { ...facts, diagnostics: found, proxies, samples }));
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

const NO_FINDINGS: readonly Diagnostic[] = [];
const NONE = { matched: 0, synced: 0, stale: 0, rejected: 0 };

function wanted(
  { ref, generation, createdAt }: Pick<Policy, "ref" | "generation" | "createdAt">,
  facts: PolicyFacts,
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

/** Pods that have a sidecar and are well: each of them should have a stream open to some replica. Counted again when pods change. */
function createExpectation(): (pods: ObjectSet["Pod"]) => number {
  let counted: ObjectSet["Pod"] | undefined;
  let expected = 0;
  return (pods) => {
    if (pods === counted) return expected;
    expected = 0;
    for (const { object: pod } of pods.values()) {
      if (isInjected(pod) && pod.ready && !pod.finished && !pod.meta.deleting) expected++;
    }
    counted = pods;
    return expected;
  };
}
