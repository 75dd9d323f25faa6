/** Maps from one state to the next: what differs, and the next one made of the one before. */
import type { Sourced } from "./objects.ts";
import { compareText } from "./order.ts";

/** Keys whose value is not the very same in both maps. */
export function changedKeys<V>(
  before: ReadonlyMap<string, V> | undefined,
  after: ReadonlyMap<string, V>,
  identityOf: (value: V) => unknown = (value) => value,
): ReadonlySet<string> {
  if (before === after) return new Set();
  if (!before) return new Set(after.keys());
  const keys = new Set<string>();
  for (const [key, value] of after) {
    const old = before.get(key);
    if (old === undefined || identityOf(old) !== identityOf(value)) keys.add(key);
  }
  for (const key of before.keys()) if (!after.has(key)) keys.add(key);
  return keys;
}

/** Keys of objects that are not the very same in both sets, wherever they stand. */
export function changedObjects<T extends Sourced>(
  before: ReadonlyMap<string, T> | undefined,
  after: ReadonlyMap<string, T>,
): ReadonlySet<string> {
  return changedKeys(before, after, ({ object }) => object);
}

/**
 * The map of before with some values replaced, added or, where they are undefined, taken out; keys stay sorted. The very map of
 * before where nothing in it changes.
 */
export function patchMap<V>(
  before: ReadonlyMap<string, V>,
  changes: ReadonlyMap<string, V | undefined>,
): ReadonlyMap<string, V> {
  const differing = [...changes].filter(([key, value]) => before.get(key) !== value);
  if (differing.length === 0) return before;
  const after = new Map(before);
  let added = false;
  for (const [key, value] of differing) {
    added ||= !before.has(key);
    if (value === undefined) after.delete(key);
    else after.set(key, value);
  }
  return added ? new Map([...after].sort(([a], [b]) => compareText(a, b))) : after;
}
