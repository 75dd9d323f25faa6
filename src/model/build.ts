/** API objects in, one immutable mesh snapshot out. Pure: no clock, no I/O, and user mistakes come out as diagnostics. */
import { refOf } from "../api/parse-object.ts";
import type { TrafficPolicyObject } from "../api/traffic-policy.ts";
import { compareDiagnostics, type Diagnostic } from "../base/diagnostic.ts";
import { attach } from "./attach.ts";
import { diagnosePolicy } from "./diagnose.ts";
import { diagnoseRateLimits } from "./rate-limit-service.ts";
import { withPlace, type ObjectSet } from "./objects.ts";
import { endpointsOf, serviceOf, slicesByService } from "./services.ts";
import { share, shareMap } from "./share.ts";
import type { Key, MeshSnapshot, Namespace, Policy, Service } from "./snapshot.ts";
import { indexPods, workloadOf } from "./workloads.ts";

export interface BuildOptions {
  /** DNS suffix of the cluster, without dots around it: `cluster.local`. */
  readonly clusterDomain: string;
  /**
   * Endpoints that name a pod wait until it is known with that address: in a cluster both come, in any order, and an endpoint
   * without its pod's labels would be in no subset. In a folder a pod may be left out for good.
   */
  readonly awaitPods?: boolean;
}

/**
 * The snapshot of a set of objects. What comes out equal to its counterpart in `previous` is the very same object: services,
 * workloads, policies, and the maps themselves where nothing in them changed.
 */
export function buildSnapshot(objects: ObjectSet, options: BuildOptions, previous?: MeshSnapshot): MeshSnapshot {
  const diagnostics: Diagnostic[] = [];
  const workloads = new Map([...objects.Pod].map(([key, { object }]) => [key, workloadOf(objects, object)]));
  const policies = shareMap(
    previous?.policies,
    new Map([...objects.TrafficPolicy].map(([key, { object }]) => [key, policyOf(object)])),
  );
  const bare = bareServices(objects, options, diagnostics);
  const attached = attach(bare, policies.values());
  diagnostics.push(...attached.diagnostics);
  const services = shareMap(previous?.services, withPolicies(bare, attached.inForce));
  const targets = Map.groupBy(services.values(), (service) => service.policy?.key);
  for (const policy of policies.values())
    diagnostics.push(...diagnosePolicy(services, policy, targets.get(policy.key) ?? [], workloads.size));
  diagnostics.push(...diagnoseRateLimits(services));
  const placed = diagnostics.map((d) => withPlace(objects, d)).sort(compareDiagnostics);
  return {
    services,
    workloads: shareMap(previous?.workloads, workloads),
    namespaces: shareMap(previous?.namespaces, namespacesOf(objects)),
    policies,
    diagnostics: share(previous?.diagnostics, placed),
  };
}

function bareServices(objects: ObjectSet, options: BuildOptions, diagnostics: Diagnostic[]): ReadonlyMap<Key, Service> {
  const pods = indexPods(objects);
  const slices = slicesByService(objects);
  const services = new Map<Key, Service>();
  for (const [key, { object }] of objects.Service) {
    const found = endpointsOf(objects, pods, object, slices.get(key), options.awaitPods);
    diagnostics.push(...found.diagnostics);
    services.set(key, serviceOf(object, options.clusterDomain, found.endpoints));
  }
  return services;
}

function withPolicies(bare: ReadonlyMap<Key, Service>, inForce: ReadonlyMap<Key, Policy>): ReadonlyMap<Key, Service> {
  return new Map(
    [...bare].map(([key, service]) => {
      const policy = inForce.get(key);
      return [key, policy ? { ...service, policy } : service];
    }),
  );
}

function policyOf(object: TrafficPolicyObject): Policy {
  const { name, namespace, createdAt, generation } = object.meta;
  return { ref: refOf(object), key: `${namespace}/${name}`, namespace, name, createdAt, generation, spec: object.spec };
}

function namespacesOf(objects: ObjectSet): ReadonlyMap<string, Namespace> {
  const namespaces = new Map<string, Namespace>();
  for (const [name, { object }] of objects.Namespace) namespaces.set(name, { name, labels: object.meta.labels });
  for (const kind of [objects.Service, objects.Pod, objects.TrafficPolicy]) {
    for (const { object } of kind.values()) {
      const name = object.meta.namespace;
      if (!namespaces.has(name)) namespaces.set(name, { name, labels: {} });
    }
  }
  return namespaces;
}
