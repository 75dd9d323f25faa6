import type { Key } from "./snapshot.ts";

/** Orders text by code units: the same on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Oldest first; where ages are equal or unknown, by key. Who comes first wins a conflict. */
export function compareAge(a: { createdAt: number; key: Key }, b: { createdAt: number; key: Key }): number {
  return a.createdAt - b.createdAt || compareText(a.key, b.key);
}
