/** Several values a key, each once. A key without values is not held. */
export interface Multimap<K, V> {
  add(key: K, value: V): void;
  delete(key: K, value: V): void;
  get(key: K): ReadonlySet<V>;
}

export function createMultimap<K, V>(): Multimap<K, V> {
  const sets = new Map<K, Set<V>>();
  const none: ReadonlySet<V> = new Set<V>();
  return {
    add(key, value) {
      const set = sets.get(key);
      if (set) set.add(value);
      else sets.set(key, new Set([value]));
    },
    delete(key, value) {
      const set = sets.get(key);
      if (set?.delete(value) && set.size === 0) sets.delete(key);
    },
    get: (key) => sets.get(key) ?? none,
  };
}
