/** One kind of a cluster's objects, valid ones only, with what is wrong with the others. */
import { isDeepStrictEqual } from "node:util";
import { parseObject, type ApiKind, type ApiObject } from "../../api/parse-object.ts";
import type { Diagnostic } from "../../base/diagnostic.ts";
import type { KubeObject } from "../../kube/object.ts";
import { createStore, type Store } from "../../kube/store.ts";
import type { Sourced } from "../../model/objects.ts";

export interface KindObjects {
  readonly store: Store<Sourced>;
  /** For a reflector: what the store is to keep of an object. */
  keep(object: KubeObject, key: string): Sourced | undefined;
  diagnostics(): readonly Diagnostic[];
}

/** Most objects of a kind whose faults are remembered. */
const MAX_BROKEN = 1000;

/**
 * An object that is not valid keeps its last good version in force, as a broken file does. One whose new version says the same
 * to the mesh keeps its identity: a pod's heartbeat is no change.
 */
export function createKindObjects(kind: ApiKind, onChange: () => void): KindObjects {
  const broken = new Map<string, readonly Diagnostic[]>();
  const store = createStore<Sourced>(
    (key) => {
      if (!store.items.has(key)) broken.delete(key);
      onChange();
    },
    (a, b) => isDeepStrictEqual(a.object, b.object),
  );
  return {
    store,
    keep(object, key) {
      const parsed = parseObject(object);
      if (parsed.outcome === "object" && isOf(kind, parsed.object)) {
        if (broken.delete(key)) onChange();
        return { object: parsed.object };
      }
      if (broken.size < MAX_BROKEN) broken.set(key, parsed.outcome === "invalid" ? parsed.diagnostics : []);
      onChange();
      return undefined;
    },
    diagnostics: () => [...broken.values()].flat(),
  };
}

function isOf(kind: ApiKind, object: ApiObject): boolean {
  return object.kind === kind;
}
