/** What a pod or its namespace says of the services that it calls. */
import { contentHash } from "../base/hash.ts";

/** On a pod, or on a namespace for all pods that say nothing themselves. */
export const DEPENDENCIES = "heddle.dev/dependencies";

/** Services that a sidecar is told of, of those that its namespace may call. */
export type Dependencies =
  | { readonly kind: "all" }
  /** Those that it was seen to call. */
  | { readonly kind: "auto" }
  /** Each entry is a namespace and the name of a service in it, or `*` for all of them; lists with other meanings have other keys. */
  | { readonly kind: "listed"; readonly entries: readonly Dependency[]; readonly key: string };

export interface Dependency {
  readonly namespace: string;
  readonly name: string;
}

export const ALL: Dependencies = { kind: "all" };
const AUTO: Dependencies = { kind: "auto" };
const MAX_ENTRIES = 1000;

export const DEPENDENCIES_FORM =
  '"*" for all, "auto" for those that are called, or a list of services such as "checkout, cart.shop, *.payments"; a name alone is one of the own namespace';

/** Undefined where the text cannot be understood. */
export function parseDependencies(text: string, namespace: string): Dependencies | undefined {
  const entries = text.split(",").map((entry) => entry.trim());
  if (entries.length > MAX_ENTRIES) return undefined;
  if (entries.includes("*")) return entries.length === 1 ? ALL : undefined;
  if (text.trim() === "auto") return AUTO;
  const parsed = entries.map((entry): Dependency | undefined => {
    const [, name, other] = /^(\*|[a-z0-9][-a-z0-9]{0,62})(?:\.([a-z0-9][-a-z0-9]{0,62}))?$/.exec(entry) ?? [];
    return name === undefined ? undefined : { name, namespace: other ?? namespace };
  });
  return parsed.every((entry) => entry !== undefined)
    ? { kind: "listed", entries: parsed, key: keyOf(parsed) }
    : undefined;
}

/** A hash, since lists may be long and are compared often. */
function keyOf(entries: readonly Dependency[]): string {
  return contentHash([...new Set(entries.map(({ namespace, name }) => `${namespace}/${name}`))].sort().join());
}
