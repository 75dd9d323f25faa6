/** The ways to find a pod. */
import type { PodObject } from "../api/pod.ts";
import { createMultimap } from "../base/multimap.ts";
import type { Sourced } from "./objects.ts";
import { compareText } from "./order.ts";
import type { Key } from "./snapshot.ts";

export interface PodIndex {
  /** By `namespace/name`. */
  get(key: Key): PodObject | undefined;
  /** Only pods whose address is theirs alone: running, and not on the host's network. Of two with one address the first by key. */
  at(address: string): PodObject | undefined;
  /** Those that have not finished, sorted by key. */
  inNamespace(namespace: string): readonly PodObject[];
}

export interface PodIndexer extends PodIndex {
  /** Follows the pods of `changed`. */
  update(pods: ReadonlyMap<Key, Sourced<PodObject>>, changed: Iterable<Key>): void;
}

export function createPodIndex(): PodIndexer {
  const byKey = new Map<Key, PodObject>();
  const byAddress = createMultimap<string, Key>();
  const byNamespace = createMultimap<string, Key>();
  /** Of namespaces that were asked for and have not changed since. */
  const sorted = new Map<string, readonly PodObject[]>();

  function addressesOf(pod: PodObject): readonly string[] {
    return pod.finished || pod.hostNetwork ? [] : pod.addresses;
  }

  function forget(key: Key): void {
    const pod = byKey.get(key);
    if (!pod) return;
    byKey.delete(key);
    sorted.delete(pod.meta.namespace);
    byNamespace.delete(pod.meta.namespace, key);
    for (const address of addressesOf(pod)) byAddress.delete(address, key);
  }

  function add(key: Key, pod: PodObject): void {
    byKey.set(key, pod);
    if (pod.finished) return;
    sorted.delete(pod.meta.namespace);
    byNamespace.add(pod.meta.namespace, key);
    for (const address of addressesOf(pod)) byAddress.add(address, key);
  }

  return {
    get: (key) => byKey.get(key),
    at(address) {
      const [first] = [...byAddress.get(address)].sort(compareText);
      return first === undefined ? undefined : byKey.get(first);
    },
    inNamespace(namespace) {
      let pods = sorted.get(namespace);
      if (!pods) {
        pods = [...byNamespace.get(namespace)].sort(compareText).map((key) => byKey.get(key)!);
        sorted.set(namespace, pods);
      }
      return pods;
    },
    update(pods, changed) {
      for (const key of changed) {
        forget(key);
        const next = pods.get(key);
        if (next) add(key, next.object);
      }
    },
  };
}
