import { type DescMessage, equals, type MessageShape } from "@bufbuild/protobuf";

/**
 * Remembers what was built for as long as it was built of the same parts: proxies that need the same thing share the very same
 * message, and an unchanged part of the mesh costs nothing.
 */
export interface Memo {
  /** One entry a key: a key whose parts change is rebuilt and replaced. Keys that were not used for long are forgotten. */
  <T>(key: string, parts: readonly unknown[], build: () => T): T;
  /** The same with entries that belong to an object of the snapshot, and are forgotten with it. */
  of<T>(owner: object, key: string, parts: readonly unknown[], build: () => T): T;
  /** `of` for messages: one that comes out equal to the one in its place before is that very one, and so is the whole list. */
  messages<Desc extends DescMessage>(
    schema: Desc,
    owner: object,
    key: string,
    parts: readonly unknown[],
    build: () => readonly MessageShape<Desc>[],
  ): readonly MessageShape<Desc>[];
  /** The list under this key before, where it had the very same items. */
  kept<T>(key: string, items: readonly T[]): readonly T[];
}

interface Entry {
  readonly parts: readonly unknown[];
  readonly value: unknown;
}

/**
 * Of keys that belong to no object two generations are kept: what is used moves into the young one, and when that is full, whatever is
 * still in the old one was used by nobody since the last time.
 *
 * @param limit most keys kept that belong to no object
 */
export function createMemo(limit = 50_000): Memo {
  let young = new Map<string, Entry>();
  let old = new Map<string, Entry>();
  const owned = new WeakMap<object, Map<string, Entry>>();

  function memo<T>(key: string, parts: readonly unknown[], build: () => T): T {
    const known = young.get(key);
    const entry = renew(known ?? old.get(key), parts, build);
    if (entry !== known) young.set(key, entry);
    if (young.size * 2 > limit) [old, young] = [young, new Map()];
    // The key names the kind of thing, so an entry under it is of the type that `build` makes.
    return entry.value as T;
  }

  memo.of = <T>(owner: object, key: string, parts: readonly unknown[], build: () => T): T => {
    let own = owned.get(owner);
    if (!own) owned.set(owner, (own = new Map()));
    const before = own.get(key);
    const entry = renew(before, parts, build);
    if (entry !== before) own.set(key, entry);
    return entry.value as T;
  };
  memo.messages = <Desc extends DescMessage>(
    schema: Desc,
    owner: object,
    key: string,
    parts: readonly unknown[],
    build: () => readonly MessageShape<Desc>[],
  ): readonly MessageShape<Desc>[] => {
    const before = owned.get(owner)?.get(key)?.value as readonly MessageShape<Desc>[] | undefined;
    return memo.of(owner, key, parts, () => keepEqual(schema, before ?? [], build()));
  };
  memo.kept = <T>(key: string, items: readonly T[]): readonly T[] => memo(key, items, () => items);
  return memo;
}

function keepEqual<Desc extends DescMessage>(
  schema: Desc,
  before: readonly MessageShape<Desc>[],
  after: readonly MessageShape<Desc>[],
): readonly MessageShape<Desc>[] {
  const kept = after.map((message, i) => (before[i] && equals(schema, before[i], message) ? before[i] : message));
  return kept.length === before.length && kept.every((message, i) => message === before[i]) ? before : kept;
}

function renew(entry: Entry | undefined, parts: readonly unknown[], build: () => unknown): Entry {
  const same = entry?.parts.length === parts.length && entry.parts.every((part, i) => part === parts[i]);
  return same ? entry : { parts, value: build() };
}
