/** What is wrong in a mesh, kept by what it was found in: only what changed is looked at again. */
import { compareDiagnostics, type Diagnostic } from "../base/diagnostic.ts";
import { diagnoseInMesh, diagnosePolicy } from "./analysis/policy.ts";
import { backendKey, backendsIn } from "./backend.ts";
import { keyOfRef } from "./external-services.ts";
import { diagnoseHosts } from "./host-conflicts.ts";
import { type ObjectSet, withPlace } from "./objects.ts";
import { diagnoseRateLimits } from "./rate-limit-service.ts";
import { share } from "./share.ts";
import type { Key, Policy, Service, ServiceDefinition } from "./snapshot.ts";

type Found = readonly Diagnostic[];

export interface Findings {
  /** What reading a service and merging its slices brought to light. */
  service(key: Key, found: Found): void;
  /** What attaching all policies brought to light. */
  attachment(found: Found): void;
  /** What attaching all routes of the Gateway API brought to light. */
  gateway(found: Found): void;
  /** Looks at the policies that a change concerns. */
  policies(
    services: ReadonlyMap<Key, Service>,
    policies: ReadonlyMap<Key, Policy>,
    catalog: readonly ServiceDefinition[],
    changed: readonly Key[],
    sidecars: number,
  ): void;
  /** Everything, each with its place, sorted; the same array for as long as nothing in it changes. */
  all(objects: ObjectSet): Found;
}

interface Judged {
  readonly policy: Policy;
  /** What the policy alone is enough to see. */
  readonly alone: Found;
  /** What the judgement in the mesh rests on: while all of it is the same, so is the judgement. */
  readonly basis: readonly unknown[];
  readonly inMesh: Found;
}

export function createFindings(): Findings {
  const ofServices = new Map<Key, Found>();
  let ofAttachment: Found = [];
  let ofGateway: Found = [];
  let ofPolicies = new Map<Key, Judged>();
  /** Policies by the services that they name as backends, there or not. */
  let naming: ReadonlyMap<Key, readonly Policy[]> = new Map();
  let ofRateLimits: Found = [];
  let ofHosts: Found = [];
  let judged: { readonly policies: unknown; readonly catalog: unknown; readonly sidecars: number } | undefined;
  let last: Found = [];

  function judgeAll(
    services: ReadonlyMap<Key, Service>,
    policies: ReadonlyMap<Key, Policy>,
    catalog: readonly ServiceDefinition[],
    sidecars: number,
  ): void {
    const targets = Map.groupBy(services.values(), ({ policy }) => policy?.key);
    const names = namesOf(catalog);
    const next = new Map<Key, Judged>();
    for (const policy of policies.values()) {
      const own = targets.get(policy.key) ?? [];
      const probing = policy.spec.healthCheck ? sidecars : 0;
      const basis = [policy, probing, ...own, ...backendsOf(services, policy, names)];
      const before = ofPolicies.get(policy.key);
      const same = before?.basis.length === basis.length && basis.every((part, i) => part === before.basis[i]);
      const subject = { policy, targets: own, services, sidecars };
      next.set(policy.key, same ? before : { policy, alone: alone(policy), basis, inMesh: diagnoseInMesh(subject) });
    }
    ofPolicies = next;
    naming = namedBackends(policies.values());
    ofRateLimits = diagnoseRateLimits(catalog);
    ofHosts = diagnoseHosts(catalog);
  }

  /** Only endpoints changed: that concerns the policies in force for them, and those that name them. */
  function judgeSome(services: ReadonlyMap<Key, Service>, changed: readonly Key[], sidecars: number): void {
    const concerned = new Set(
      changed.flatMap((key) => [services.get(key)?.policy ?? [], naming.get(key) ?? []].flat()),
    );
    for (const policy of concerned) {
      const targets = policy.spec.targetRefs.flatMap((target) => {
        const service = services.get(keyOfRef({ ...target, namespace: policy.namespace }));
        return service?.policy === policy ? [service] : [];
      });
      const inMesh = diagnoseInMesh({ policy, targets, services, sidecars });
      ofPolicies.set(policy.key, { policy, alone: alone(policy), basis: [], inMesh });
    }
  }

  function alone(policy: Policy): Found {
    const before = ofPolicies.get(policy.key);
    return before?.policy === policy ? before.alone : diagnosePolicy(policy);
  }

  return {
    service(key, found) {
      if (found.length === 0) ofServices.delete(key);
      else ofServices.set(key, found);
    },
    attachment(found) {
      ofAttachment = found;
    },
    gateway(found) {
      ofGateway = found;
    },
    policies(services, policies, catalog, changed, sidecars) {
      // How many sidecars there are matters to none but those who ask endpoints how they are.
      const more = judged?.sidecars !== sidecars && [...policies.values()].some(({ spec }) => spec.healthCheck);
      if (judged?.policies !== policies || judged.catalog !== catalog || more) {
        judgeAll(services, policies, catalog, sidecars);
      } else judgeSome(services, changed, sidecars);
      judged = { policies, catalog, sidecars };
    },
    all(objects) {
      const found = [...[...ofServices.values()].flat(), ...ofAttachment, ...ofGateway, ...ofRateLimits, ...ofHosts];
      for (const { alone: own, inMesh } of ofPolicies.values()) found.push(...own, ...inMesh);
      last = share(last, found.map((d) => withPlace(objects, d)).sort(compareDiagnostics));
      return last;
    },
  };
}

/** The services that a policy names, and all names where one of them is missing: the finding says what else there is. */
function backendsOf(services: ReadonlyMap<Key, Service>, policy: Policy, names: string): readonly unknown[] {
  return backendsIn(policy.spec).flatMap(({ service }) => {
    if (service === undefined) return [];
    return [services.get(backendKey(policy.namespace, service)) ?? names];
  });
}

function namedBackends(policies: Iterable<Policy>): ReadonlyMap<Key, readonly Policy[]> {
  const named = new Map<Key, Policy[]>();
  for (const policy of policies) {
    const keys = backendsIn(policy.spec).flatMap(({ service }) => service ?? []);
    for (const key of new Set(keys.map((service) => backendKey(policy.namespace, service)))) {
      const others = named.get(key);
      if (others) others.push(policy);
      else named.set(key, [policy]);
    }
  }
  return named;
}

function namesOf(catalog: readonly ServiceDefinition[]): string {
  return catalog.map(({ key }) => key).join();
}
