import type { Resource } from "./resource.ts";

/**
 * What clients have refused, shared by all streams of a server: content that one client of a version refused is never
 * sent again to any client of that version. Bounded: the oldest entry is forgotten first, and counted.
 */
export interface Refusals {
  /** The refusal of this very content by clients of this version, if there was one. */
  find(clientVersion: string, resource: Resource): Refusal | undefined;
  add(clientVersion: string, resource: Resource, refusal: Refusal): void;
  /** Names under which clients of this version have refused something of this type. */
  names(clientVersion: string, typeUrl: string): readonly string[];
  readonly size: number;
  /** Entries forgotten because the limit was reached. */
  readonly evicted: number;
}

export interface Refusal {
  /** Redacted. */
  readonly reason: string;
  /** What the client that refused had accepted before; what to serve instead. */
  readonly lastGood: Resource | undefined;
}

/** @param limit most entries kept; each holds its key, a reason of at most 1 KB, and maybe a reference to a resource. */
export function createRefusals(limit = 10_000): Refusals {
  const entries = new Map<string, { refusal: Refusal; client: string; typeUrl: string; name: string }>();
  let evicted = 0;
  const keyOf = (client: string, { typeUrl, name, hash }: Resource): string => [client, typeUrl, hash, name].join("\0");

  return {
    find: (client, resource) => (entries.size === 0 ? undefined : entries.get(keyOf(client, resource))?.refusal),
    add(client, resource, refusal) {
      const key = keyOf(client, resource);
      // The first client to refuse knows best what was good before: a later one may have started without it.
      const lastGood = entries.get(key)?.refusal.lastGood ?? refusal.lastGood;
      entries.delete(key);
      entries.set(key, { refusal: { ...refusal, lastGood }, client, typeUrl: resource.typeUrl, name: resource.name });
      if (entries.size > limit) {
        entries.delete(entries.keys().next().value!);
        evicted++;
      }
    },
    names(client, typeUrl) {
      const names = new Set<string>();
      for (const e of entries.values()) if (e.client === client && e.typeUrl === typeUrl) names.add(e.name);
      return [...names];
    },
    get size() {
      return entries.size;
    },
    get evicted() {
      return evicted;
    },
  };
}
