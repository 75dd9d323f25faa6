/** A cluster as a source: its kinds, each kept up with by a reflector. */
import type { ApiKind, ApiObject } from "../../api/parse-object.ts";
import { systemClock, type Clock } from "../../base/clock.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isNotFound } from "../../kube/errors.ts";
import { startReflector, type Reflector, type ReflectorEvent, type ReflectorTiming } from "../../kube/reflector.ts";
import type { ObjectSet, Sourced } from "../../model/objects.ts";
import type { Source, SourceListener, SourceState } from "../source.ts";
import { LIST_HINTS, LIST_PATHS, OPTIONAL_KINDS } from "./kinds.ts";
import { createKindObjects, type KindObjects } from "./objects.ts";

export interface KubernetesSourceOptions {
  readonly client: KubeClient;
  readonly onChange: SourceListener;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly timing?: Partial<ReflectorTiming>;
  readonly onEvent?: (event: ReflectorEvent) => void;
}

interface Followed {
  readonly reflector: Reflector;
  readonly known: Promise<void>;
}

/**
 * `start` resolves when all kinds have been read once; while the API server is away it waits. Events that arrive together are
 * one change. What the API server said last stays in force while it cannot be reached.
 *
 * A kind of others that is not installed counts as read, with no objects. It is asked for again, with pauses up to the longest one
 * of a reflector, and so picked up when it is installed later.
 */
export function kubernetesSource(options: KubernetesSourceOptions): Source {
  const { client, onChange, clock = systemClock, random = Math.random, timing, onEvent } = options;
  const kinds = Object.keys(LIST_PATHS) as ApiKind[];
  const changed = new Set<ApiKind>(kinds);
  const waiting = new Map<ApiKind, string>(kinds.map((kind) => [kind, "not answered yet"]));
  const objects = new Map(kinds.map((kind) => [kind, createKindObjects(kind, () => change(kind))]));
  let maps: ObjectSet | undefined;
  let reflectors: readonly Reflector[] = [];
  let started = false;
  let scheduled = false;

  function change(kind: ApiKind): void {
    changed.add(kind);
    if (!started || scheduled) return;
    scheduled = true;
    // Once for all events of one read from the sockets.
    setImmediate(() => {
      scheduled = false;
      if (started) onChange(state());
    });
  }

  /** Only maps of kinds that changed are copied: the others are the very same as in the state before. */
  function state(): SourceState {
    const copied = kinds.map((kind) => {
      const before = maps?.[kind];
      return [kind, before && !changed.has(kind) ? before : new Map(objects.get(kind)!.store.items)] as const;
    });
    changed.clear();
    // Each store holds objects of its own kind only: `createKindObjects` sees to it.
    maps = Object.fromEntries(copied) as unknown as ObjectSet;
    return {
      objects: maps,
      diagnostics: [...objects.values()].flatMap((kind) => kind.diagnostics()),
      ignored: new Map(),
    };
  }

  /** Resolves when a kind has been read, or is known not to be installed. */
  function follow(kind: ApiKind, { store, keep }: KindObjects): Followed {
    const absent = Promise.withResolvers<void>();
    const reflector = startReflector<Sourced<ApiObject>>({
      client,
      path: LIST_PATHS[kind],
      store,
      keep,
      clock,
      random,
      ...(timing && { timing }),
      onEvent(event) {
        if (event.kind === "failed" && OPTIONAL_KINDS.has(kind) && isNotFound(event.error)) {
          absent.resolve();
          return;
        }
        if (event.kind === "failed" && waiting.has(kind)) waiting.set(kind, event.error.message);
        onEvent?.(event);
      },
    });
    const known = Promise.race([reflector.synced, absent.promise]);
    known.then(
      () => waiting.delete(kind),
      () => {},
    );
    return { reflector, known };
  }

  return {
    async start() {
      const followed = [...objects].map(([kind, kept]) => follow(kind, kept));
      reflectors = followed.map(({ reflector }) => reflector);
      await Promise.all(followed.map(({ known }) => known));
      started = true;
      return state();
    },
    pending: () =>
      [...waiting].map(([kind, reason]) => {
        const hint = LIST_HINTS[kind];
        return `${kind} objects are not read yet: ${reason}${hint ? ` (${hint})` : ""}`;
      }),
    async close() {
      started = false;
      await Promise.all(reflectors.map((reflector) => reflector.close()));
    },
  };
}
