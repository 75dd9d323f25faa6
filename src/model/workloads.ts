/** Pods as the mesh sees them, and the ways to find one. */
import type { PodObject } from "../api/pod.ts";
import { refOf } from "../api/parse-object.ts";
import { localityOf } from "./locality.ts";
import type { ObjectSet } from "./objects.ts";
import type { Key, Workload } from "./snapshot.ts";

export interface PodIndex {
  /** By `namespace/name`. */
  readonly byKey: ReadonlyMap<Key, PodObject>;
  /** Only pods whose address is theirs alone: running, and not on the host's network. */
  readonly byAddress: ReadonlyMap<string, PodObject>;
  readonly byNamespace: ReadonlyMap<string, readonly PodObject[]>;
}

export function workloadOf(objects: ObjectSet, pod: PodObject): Workload {
  const { name, namespace, labels, annotations } = pod.meta;
  return {
    ref: refOf(pod),
    key: `${namespace}/${name}`,
    namespace,
    name,
    addresses: pod.addresses,
    labels,
    annotations,
    serviceAccount: pod.serviceAccount,
    ready: pod.ready && !pod.finished,
    node: pod.node,
    ...localityOf(objects, pod.node, labels),
    containerPorts: pod.ports,
  };
}

export function indexPods(objects: ObjectSet): PodIndex {
  const byKey = new Map<Key, PodObject>();
  const byAddress = new Map<string, PodObject>();
  const byNamespace = new Map<string, PodObject[]>();
  const sorted = [...objects.Pod].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [key, { object: pod }] of sorted) {
    byKey.set(key, pod);
    if (pod.finished) continue;
    const siblings = byNamespace.get(pod.meta.namespace);
    if (siblings) siblings.push(pod);
    else byNamespace.set(pod.meta.namespace, [pod]);
    if (pod.hostNetwork) continue;
    for (const address of pod.addresses) if (!byAddress.has(address)) byAddress.set(address, pod);
  }
  return { byKey, byAddress, byNamespace };
}

/** All labels of the selector are there and equal. An empty selector selects nothing, as in a Service. */
export function selects(selector: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>>): boolean {
  const wanted = Object.entries(selector);
  return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value);
}
