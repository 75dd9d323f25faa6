/**
 * A set of names, held as the differences from the names of a snapshot: a thousand streams that ask for all of a thousand names then
 * hold next to nothing each.
 */
import { changedNames, type TypeSnapshot } from "./snapshot.ts";

/**
 * Invariant: a name of `base` is in the set unless `own` says false; another one is in it only where `own` says true. `own` says
 * nothing that `base` says already, and `size` is how many names are in the set.
 */
export interface NameSet {
  base: TypeSnapshot | undefined;
  readonly own: Map<string, boolean>;
  size: number;
}

export function createNameSet(): NameSet {
  return { base: undefined, own: new Map(), size: 0 };
}

export function hasName({ base, own, size }: NameSet, name: string): boolean {
  if (size === 0) return false;
  return (own.size > 0 ? own.get(name) : undefined) ?? base?.resources.has(name) === true;
}

/** @returns false when it was there already */
export function addName(set: NameSet, name: string): boolean {
  if (hasName(set, name)) return false;
  // Where the base has it, `own` said that it had been dropped.
  if (!set.own.delete(name)) set.own.set(name, true);
  set.size++;
  return true;
}

/** @returns false when it was not there */
export function dropName(set: NameSet, name: string): boolean {
  if (!hasName(set, name)) return false;
  if (!set.own.delete(name)) set.own.set(name, false);
  set.size--;
  return true;
}

export function* namesIn({ base, own }: NameSet): Generator<string> {
  for (const name of base?.resources.keys() ?? []) if (own.get(name) !== false) yield name;
  for (const [name, there] of own) if (there) yield name;
}

/** The set holds the names of this snapshot, and no others. */
export function isAllOf({ base, own }: NameSet, snapshot: TypeSnapshot | undefined): boolean {
  return snapshot !== undefined && base === snapshot && own.size === 0;
}

/**
 * Holds an empty set's first names as differences from those of `snapshot`, where that is the shorter way.
 *
 * @returns false when it is not: nothing was added
 */
export function fillFrom(set: NameSet, snapshot: TypeSnapshot | undefined, names: readonly string[]): boolean {
  if (!snapshot || set.size > 0 || names.length * 2 < snapshot.resources.size) return false;
  const filled = filledSet(snapshot, names);
  set.base = snapshot;
  set.own.clear();
  for (const [name, there] of filled.own) set.own.set(name, there);
  set.size = filled.size;
  return true;
}

/** By the list of names: sidecars that ask for the same share it. A memo of a pure function. */
const filledSets = new WeakMap<readonly string[], NameSet>();

function filledSet(snapshot: TypeSnapshot, names: readonly string[]): NameSet {
  let set = filledSets.get(names);
  if (set?.base !== snapshot) {
    const asked = new Set(names);
    set = { base: snapshot, own: new Map(), size: snapshot.resources.size };
    for (const name of snapshot.resources.keys()) if (!asked.has(name)) dropName(set, name);
    for (const name of asked) addName(set, name);
    filledSets.set(names, set);
  }
  return set;
}

/** Holds the same names as differences from a newer snapshot, so that the old one is let go of. */
export function moveNames(set: NameSet, next: TypeSnapshot): void {
  const { base, own } = set;
  if (!base || base === next) return;
  for (const name of changedNames(base, next)) {
    if (base.resources.has(name) === next.resources.has(name)) continue;
    // What one base says and the other does not is said by `own` from now on, or no longer.
    if (!own.delete(name)) own.set(name, base.resources.has(name));
  }
  set.base = next;
}
