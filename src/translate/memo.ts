/**
 * Remembers what was built, by key, for as long as it was built of the same parts. One entry a key: a key whose parts
 * change is rebuilt and replaced. Proxies that need the same thing thus share the very same message.
 */
export type Memo = <T>(key: string, parts: readonly unknown[], build: () => T) => T;

/** @param limit most keys kept; the one that was not used for the longest time goes first */
export function createMemo(limit = 50_000): Memo {
  const entries = new Map<string, { readonly parts: readonly unknown[]; readonly value: unknown }>();

  return <T>(key: string, parts: readonly unknown[], build: () => T): T => {
    const entry = entries.get(key);
    entries.delete(key);
    const same = entry?.parts.length === parts.length && entry.parts.every((part, i) => part === parts[i]);
    // The key names the kind of thing, so an entry under it is of the type that `build` makes.
    const value = same ? (entry.value as T) : build();
    entries.set(key, same ? entry : { parts, value });
    if (entries.size > limit) entries.delete(entries.keys().next().value!);
    return value;
  };
}
