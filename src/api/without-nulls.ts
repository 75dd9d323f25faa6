/** How deep objects are looked through: no kind that Heddle reads nests deeper, and hostile input must not overflow the stack. */
const MAX_DEPTH = 48;

/** A copy without null fields: like kube-apiserver, Heddle takes a field that is null as one that is absent. */
export function withoutNulls(value: unknown, depth = 0): unknown {
  if (value === null || typeof value !== "object" || depth > MAX_DEPTH) return value;
  if (Array.isArray(value)) return value.map((item: unknown) => withoutNulls(item, depth + 1));
  const kept = Object.entries(value).filter(([, field]) => field !== null && field !== undefined);
  // fromEntries defines own properties, so that a key `__proto__` cannot reach a prototype.
  return Object.fromEntries(kept.map(([key, field]) => [key, withoutNulls(field, depth + 1)]));
}
