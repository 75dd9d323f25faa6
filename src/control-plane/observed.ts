/** What sidecars were seen to call, by what their pods have in common: a new pod is told of it from the start. */
import type { Key, MeshSnapshot, Workload } from "../model/snapshot.ts";
import { type Demand, NO_DEMAND, serviceNamed } from "../translate/on-demand.ts";

export interface Observed {
  /** What pods like this one have called. */
  of(mesh: MeshSnapshot | undefined, proxy: string): Demand;
  /** A proxy has asked for these hosts. */
  add(mesh: MeshSnapshot | undefined, proxy: string, hosts: readonly string[]): void;
}

/** Most kinds of pods that are remembered; the one that was not used for the longest time is forgotten first. */
const MAX_KINDS = 5000;
/** Most services that are remembered of a kind. */
const MAX_SERVICES = 300;
/** Labels that tell pods of one workload apart. */
const OWN = new Set([
  "pod-template-hash",
  "controller-revision-hash",
  "statefulset.kubernetes.io/pod-name",
  "apps.kubernetes.io/pod-index",
  "batch.kubernetes.io/controller-uid",
  "batch.kubernetes.io/job-name",
  "batch.kubernetes.io/job-completion-index",
  "controller-uid",
  "job-name",
]);

export function createObserved(): Observed {
  const kinds = new Map<string, Set<Key>>();

  function called(mesh: MeshSnapshot | undefined, proxy: string): Set<Key> | undefined {
    const dot = proxy.lastIndexOf(".");
    const workload = mesh?.workloads.get(`${proxy.slice(dot + 1)}/${proxy.slice(0, dot)}`);
    if (!workload) return undefined;
    const kind = kindOf(workload);
    const services = kinds.get(kind) ?? new Set();
    kinds.delete(kind);
    kinds.set(kind, services);
    if (kinds.size > MAX_KINDS) kinds.delete(kinds.keys().next().value!);
    return services;
  }

  return {
    of(mesh, proxy) {
      const services = called(mesh, proxy);
      return services && services.size > 0 ? { hosts: [], services: [...services].sort() } : NO_DEMAND;
    },
    add(mesh, proxy, hosts) {
      const services = called(mesh, proxy);
      if (!mesh || !services) return;
      const namespace = proxy.slice(proxy.lastIndexOf(".") + 1);
      for (const host of hosts) {
        const meant = serviceNamed(host, namespace, mesh.services);
        if (meant && services.size < MAX_SERVICES) services.add(meant[0].key);
      }
    },
  };
}

function kindOf({ namespace, serviceAccount, labels }: Workload): string {
  const common = Object.entries(labels).filter(([name]) => !OWN.has(name));
  return JSON.stringify([namespace, serviceAccount, common.sort(([a], [b]) => (a < b ? -1 : 1))]);
}
