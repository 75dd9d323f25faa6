/** Sorted by name; of two with one name the first, which is the older service's. */
export function distinct<T>(items: readonly T[], nameOf: (item: T) => string): readonly T[] {
  const byName = new Map<string, T>();
  for (const item of items) if (!byName.has(nameOf(item))) byName.set(nameOf(item), item);
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
}

export function distinctByName<T extends { readonly name: string }>(items: readonly T[]): readonly T[] {
  return distinct(items, ({ name }) => name);
}
