/** Structural sharing: what comes out equal keeps the object it was before, so that `===` means unchanged. */

/** `previous` where it is deeply equal to `next`, else `next`. For plain data: objects, arrays, maps and primitives. */
export function share<T>(previous: T | undefined, next: T): T {
  return previous !== undefined && equal(previous, next) ? previous : next;
}

/** A map sorted by key whose values are shared with `previous`; the very map of before where nothing changed. */
export function shareMap<V>(
  previous: ReadonlyMap<string, V> | undefined,
  next: ReadonlyMap<string, V>,
): ReadonlyMap<string, V> {
  const keys = [...next.keys()].sort();
  const shared = new Map<string, V>();
  let same = previous?.size === next.size;
  for (const key of keys) {
    const value = share(previous?.get(key), next.get(key)!);
    same &&= previous?.get(key) === value;
    shared.set(key, value);
  }
  return same && previous ? previous : shared;
}

function equal(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (!isRecord(a) || !isRecord(b) || Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  for (const key of keys) if (!Object.hasOwn(b, key) || !equal(a[key], b[key])) return false;
  return true;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === "object";
}
