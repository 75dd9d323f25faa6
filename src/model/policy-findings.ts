/** What is wrong with policies, alone and in their mesh: a change has those looked at again that it concerns. */
import type { Diagnostic } from "../base/diagnostic.ts";
import { createMultimap } from "../base/multimap.ts";
import { diagnoseInMesh, diagnosePolicy } from "./analysis/policy.ts";
import { backendKey, backendsIn } from "./backend.ts";
import { keyOfRef } from "./external-services.ts";
import type { Key, Policy, Service } from "./snapshot.ts";

type Found = readonly Diagnostic[];

export interface PolicyFindings {
  /** Looks again at what the change of these services and policies concerns. */
  update(mesh: JudgedMesh, changed: { readonly services: Iterable<Key>; readonly policies: Iterable<Key> }): void;
  /** Of all policies, in the order in which these came. */
  all(): Found;
}

/** What policies are judged by. */
export interface JudgedMesh {
  readonly services: ReadonlyMap<Key, Service>;
  readonly policies: ReadonlyMap<Key, Policy>;
  readonly sidecars: number;
}

interface Judged {
  readonly policy: Policy;
  /** What the policy alone is enough to see. */
  readonly alone: Found;
  readonly inMesh: Found;
}

export function createPolicyFindings(): PolicyFindings {
  const judged = new Map<Key, Judged>();
  /** Policies by the services that they are for or name as backends, there or not. */
  const mentioning = createMultimap<Key, Key>();
  /** Policies that name a service which is not there: what is said of them names those that there are. */
  const unresolved = new Set<Key>();
  /** Policies that have every sidecar ask every endpoint how it is. */
  const probing = new Set<Key>();
  let before: JudgedMesh | undefined;

  function forget(key: Key): void {
    const known = judged.get(key);
    if (!known) return;
    judged.delete(key);
    for (const service of mentionedBy(known.policy)) mentioning.delete(service, key);
    unresolved.delete(key);
    probing.delete(key);
  }

  function judge(policy: Policy, { services, sidecars }: JudgedMesh): void {
    const known = judged.get(policy.key);
    const alone = known?.policy === policy ? known.alone : diagnosePolicy(policy);
    if (known?.policy !== policy) {
      forget(policy.key);
      for (const service of mentionedBy(policy)) mentioning.add(service, policy.key);
      if (policy.spec.healthCheck) probing.add(policy.key);
    }
    const targets = targetsOf(policy).flatMap((key) => {
      const service = services.get(key);
      return service?.policy === policy ? [service] : [];
    });
    if (namedBy(policy).every((key) => services.has(key))) unresolved.delete(policy.key);
    else unresolved.add(policy.key);
    judged.set(policy.key, { policy, alone, inMesh: diagnoseInMesh({ policy, targets, services, sidecars }) });
  }

  return {
    update(mesh, changed) {
      const concerned = new Set(changed.policies);
      let names = false;
      for (const key of changed.services) {
        for (const policy of mentioning.get(key)) concerned.add(policy);
        names ||= before?.services.has(key) !== mesh.services.has(key);
      }
      if (names) for (const key of unresolved) concerned.add(key);
      // How many sidecars there are matters to none but those who ask endpoints how they are.
      if (before?.sidecars !== mesh.sidecars) for (const key of probing) concerned.add(key);
      for (const key of concerned) {
        const policy = mesh.policies.get(key);
        if (policy) judge(policy, mesh);
        else forget(key);
      }
      before = mesh;
    },
    all: () => [...judged.values()].flatMap(({ alone, inMesh }) => [...alone, ...inMesh]),
  };
}

function mentionedBy(policy: Policy): Iterable<Key> {
  return new Set([...targetsOf(policy), ...namedBy(policy)]);
}

function targetsOf({ namespace, spec }: Policy): readonly Key[] {
  return spec.targetRefs.map((target) => keyOfRef({ ...target, namespace }));
}

function namedBy({ namespace, spec }: Policy): readonly Key[] {
  return backendsIn(spec).flatMap(({ service }) => (service === undefined ? [] : [backendKey(namespace, service)]));
}
