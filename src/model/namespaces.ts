/** Namespaces: those that are objects, and those that objects are in. */
import { patchMap } from "./changes.ts";
import type { ObjectSet } from "./objects.ts";
import { share } from "./share.ts";
import type { Namespace } from "./snapshot.ts";

type Namespaces = ReadonlyMap<string, Namespace>;

/** @param known those of the state `before` */
export function namespacesOf(known: Namespaces, before: ObjectSet | undefined, objects: ObjectSet): Namespaces {
  const kinds = [objects.Service, objects.Pod, objects.TrafficPolicy, objects.ExternalService];
  const earlier = before && [before.Service, before.Pod, before.TrafficPolicy, before.ExternalService];
  const sameKeys = earlier && kinds.every((kind, i) => hasSameKeys(earlier[i]!, kind));
  if (sameKeys && before.Namespace === objects.Namespace) return known;
  const names = new Set(objects.Namespace.keys());
  for (const kind of kinds) for (const { object } of kind.values()) names.add(object.meta.namespace);
  const next = [...names, ...known.keys()].map((name): [string, Namespace | undefined] => {
    if (!names.has(name)) return [name, undefined];
    const { labels = {}, annotations = {} } = objects.Namespace.get(name)?.object.meta ?? {};
    return [name, share(known.get(name), { name, labels, annotations })];
  });
  return patchMap(known, new Map(next));
}

function hasSameKeys(a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const key of b.keys()) if (!a.has(key)) return false;
  return true;
}
