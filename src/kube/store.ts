/** What is known of one kind, by key, with indexes kept up to date. */

export interface Store<T> {
  readonly items: ReadonlyMap<string, T>;
  set(key: string, value: T): void;
  delete(key: string): void;
  /** Everything at once: what is missing in `items` is gone. */
  replace(items: ReadonlyMap<string, T>): void;
  /** Keys of the items that `valuesOf` gives a value for, by value; follows every later change. */
  index(valuesOf: (value: T) => readonly string[]): Index;
}

export interface Index {
  /** Keys of items with this value. */
  get(value: string): ReadonlySet<string>;
  /** Values that occur. */
  values(): Iterable<string>;
}

const NONE: ReadonlySet<string> = new Set();

/** @param same whether a value says what the one before it says: then nothing happens, and the older one stays */
export function createStore<T>(onChange: (key: string) => void, same: (a: T, b: T) => boolean = () => false): Store<T> {
  const items = new Map<string, T>();
  const indexes: { update(key: string, before: T | undefined, after: T | undefined): void }[] = [];

  function put(key: string, after: T | undefined): void {
    const before = items.get(key);
    if (before === undefined ? after === undefined : after !== undefined && same(before, after)) return;
    if (after === undefined) items.delete(key);
    else items.set(key, after);
    for (const index of indexes) index.update(key, before, after);
    onChange(key);
  }

  return {
    items,
    set: put,
    delete: (key) => put(key, undefined),
    replace(next) {
      for (const key of items.keys()) if (!next.has(key)) put(key, undefined);
      for (const [key, value] of next) put(key, value);
    },
    index(valuesOf) {
      const index = createIndex(valuesOf);
      for (const [key, value] of items) index.update(key, undefined, value);
      indexes.push(index);
      return index;
    },
  };
}

function createIndex<T>(valuesOf: (value: T) => readonly string[]) {
  const keys = new Map<string, Set<string>>();
  return {
    get: (value: string) => keys.get(value) ?? NONE,
    values: () => keys.keys(),
    update(key: string, before: T | undefined, after: T | undefined): void {
      for (const value of before === undefined ? [] : valuesOf(before)) {
        const set = keys.get(value);
        set?.delete(key);
        if (set?.size === 0) keys.delete(value);
      }
      for (const value of after === undefined ? [] : valuesOf(after)) {
        const set = keys.get(value);
        if (set) set.add(key);
        else keys.set(value, new Set([key]));
      }
    },
  };
}
