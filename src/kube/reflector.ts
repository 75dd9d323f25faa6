/**
 * Keeps a store equal to what the API server has of one kind: a paged list, then a watch that goes on where the last one ended.
 *
 * Invariant: the store is only ever moved towards what the API server said. While it cannot be reached, or has forgotten where
 * the watch was (410), nothing is taken away: a new list replaces the old state only when it is complete.
 *
 * An API server whose data were restored from a backup takes a version of its future without a word, and keeps silent until it
 * gets there. So after a connection broke, the version is compared with the API server's before the watch goes on.
 */
import { type Clock, systemClock } from "../base/clock.ts";
import { messageOf } from "../base/errors.ts";
import { createBackoff, sleep } from "./backoff.ts";
import type { KubeClient } from "./client.ts";
import { isExpired, KubeError } from "./errors.ts";
import { listAll, versionNow } from "./list.ts";
import { isOlder, keyOf, type KubeObject } from "./object.ts";
import type { Store } from "./store.ts";
import { watchOnce } from "./watch.ts";

export interface ReflectorOptions<T> {
  readonly client: KubeClient;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** What the store keeps of an object; undefined keeps what it has, for an object that cannot be used. */
  readonly keep: (object: KubeObject, key: string) => T | undefined;
  readonly store: Store<T>;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly timing?: Partial<ReflectorTiming>;
  readonly onEvent?: (event: ReflectorEvent) => void;
}

/** In milliseconds, but for `watchSeconds`. */
export interface ReflectorTiming {
  readonly backoffBase: number;
  readonly backoffMax: number;
  /** A watch that lived this long was well: the next failure is a first one again. */
  readonly stable: number;
  /** Shortest life of a watch; up to a quarter is added, so that not all end together. */
  readonly watchSeconds: number;
  /** Longest silence of a watch. The API server sends a bookmark about once a minute. */
  readonly idle: number;
}

export type ReflectorEvent =
  | { readonly kind: "listed"; readonly path: string; readonly objects: number }
  | { readonly kind: "watch-ended"; readonly path: string }
  | { readonly kind: "failed"; readonly path: string; readonly error: KubeError; readonly retryIn: number };

export interface Reflector {
  /** Resolves when the store holds a complete list for the first time; never, while there is none. */
  readonly synced: Promise<void>;
  close(): Promise<void>;
}

const TIMING: ReflectorTiming = { backoffBase: 200, backoffMax: 15_000, stable: 5000, watchSeconds: 240, idle: 90_000 };

/** Watches that are refused in a row before everything is listed again. */
const MAX_REFUSED = 5;
/** Longest that the API server may have Heddle wait, in milliseconds. */
const MAX_RETRY_AFTER = 60_000;

/** Starts at once. */
export function startReflector<T>(options: ReflectorOptions<T>): Reflector {
  const {
    client,
    path,
    query = {},
    keep,
    store,
    clock = systemClock,
    random = Math.random,
    onEvent = () => {},
  } = options;
  const timing = { ...TIMING, ...options.timing };
  const backoff = createBackoff({ base: timing.backoffBase, max: timing.backoffMax, random });
  const stop = new AbortController();
  const { signal } = stop;
  const synced = Promise.withResolvers<void>();
  /** Undefined where only a new list helps. */
  let version: string | undefined;
  /** Watches in a row that the API server refused, for whatever reason. */
  let refused = 0;
  let listedAt = -Infinity;
  /** Whether the API server may be another than before. */
  let doubtful = false;

  async function list(): Promise<void> {
    const { items, resourceVersion } = await listAll(client, { path, query, signal });
    const kept = new Map<string, T>();
    for (const item of items) {
      const key = keyOf(item);
      const value = keep(item, key) ?? store.items.get(key);
      if (value !== undefined) kept.set(key, value);
    }
    store.replace(kept);
    version = resourceVersion;
    refused = 0;
    listedAt = clock.now();
    onEvent({ kind: "listed", path, objects: items.length });
    synced.resolve();
  }

  async function watch(from: string): Promise<void> {
    const seconds = Math.round(timing.watchSeconds * (1 + random() / 4));
    for await (const event of watchOnce(client, {
      path,
      query,
      resourceVersion: from,
      seconds,
      idle: timing.idle,
      signal,
    })) {
      if (signal.aborted) return;
      if (event.type === "delete") store.delete(keyOf(event.object));
      else if (event.type === "set") {
        const key = keyOf(event.object);
        const value = keep(event.object, key);
        if (value !== undefined) store.set(key, value);
      }
      version = event.resourceVersion;
      refused = 0;
    }
    onEvent({ kind: "watch-ended", path });
  }

  async function follow(): Promise<void> {
    if (version !== undefined && doubtful) {
      if (isOlder(await versionNow(client, { path, query, signal }), version)) version = undefined;
    }
    doubtful = false;
    if (version === undefined) await list();
    await watch(version!);
  }

  /** What a failure says of the state here. */
  function judge(error: KubeError): void {
    const { status } = error;
    doubtful ||= status === 0 || status >= 500;
    // A version that the API server does not know any more, or cannot go on from. One that is busy does not say so.
    if (isExpired(error) || (status !== 0 && status !== 429 && ++refused >= MAX_REFUSED)) version = undefined;
    // After a time without the API server this is how it says that it is back: the list must not wait for what was before.
    if (isExpired(error) && clock.now() - listedAt >= timing.stable) backoff.reset();
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      const start = clock.now();
      let error: KubeError | undefined;
      try {
        await follow();
      } catch (thrown) {
        error = toKubeError(path, thrown);
      }
      if (signal.aborted) return;
      const stable = clock.now() - start >= timing.stable;
      if (stable) backoff.reset();
      if (error) {
        judge(error);
        const retryIn = Math.max(backoff.next(), Math.min(error.retryAfter ?? 0, MAX_RETRY_AFTER));
        onEvent({ kind: "failed", path, error, retryIn });
        await sleep(clock, retryIn, signal);
      } else if (!stable) {
        // A server that ends every watch at once must not be asked in a tight loop.
        await sleep(clock, backoff.next(), signal);
      }
    }
  }

  const running = run();
  running.catch((error: unknown) => synced.reject(error));
  // Who does not ask whether it synced learns of a failure by `close`.
  synced.promise.catch(() => {});
  return {
    synced: synced.promise,
    async close() {
      stop.abort();
      await running.catch(() => {});
    },
  };
}

/** What failed here and not at the API server must not end a reflector, either: nobody would notice. */
function toKubeError(path: string, thrown: unknown): KubeError {
  if (thrown instanceof KubeError) return thrown;
  return new KubeError(`${path}: an object could not be taken in: ${messageOf(thrown)}`, {
    status: 200,
    cause: thrown,
  });
}
