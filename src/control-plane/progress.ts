/**
 * How far each connected sidecar is: which snapshot of the mesh it runs whole. A policy's generation is programmed on a sidecar
 * that runs the first snapshot that held it, or a later one.
 */
import { keyOfRef } from "../model/external-services.ts";
import type { MeshSnapshot } from "../model/snapshot.ts";
import { MAX_SAMPLES, type PolicyReport, type Rejection, type ReplicaReport } from "../status/report.ts";
import {
  type ClientStatus,
  CLUSTER,
  ENDPOINT,
  EXTENSION,
  LISTENER,
  ROUTE,
  SECRET,
  type TypeStatus,
  type XdsEvent,
} from "../xds/index.ts";
import { serviceNamedIn } from "./subject.ts";

export interface Progress {
  /** A new snapshot is to be published. */
  snapshot(mesh: MeshSnapshot): void;
  /** A proxy's view was made of the newest snapshot; `versions` of its types tell whether a stream has seen it yet. */
  viewed(proxy: string, versions: Versions): void;
  /** Its view is gone with its last stream. */
  forget(proxy: string): void;
  event(event: XdsEvent): void;
  report(clients: readonly ClientStatus[]): ReplicaReport;
}

/** The version of a type in a view. */
export type Versions = (typeUrl: string) => string | undefined;

interface View {
  versions: Versions;
  /** The snapshot that it was made of last. */
  epoch: number;
  readonly types: ReadonlyMap<string, Versioned>;
}

/** The version of one type in one view, and of those that it had before the last snapshot that gave each. */
interface Versioned {
  version: string;
  readonly before: Map<string, number>;
}

/** Of one type on one stream: the version that the client is known to have whole, and those that are on their way, by nonce. */
interface TypeProgress {
  version: string | undefined;
  readonly sent: Map<string, string>;
}

interface Standing {
  /** The newest snapshot that the client runs whole; 0 for none. */
  readonly applied: number;
  /** Names of resources that it refuses, with the reason. */
  readonly refused: readonly (readonly [name: string, reason: string])[];
}

const NOBODY: ReadonlyMap<string, string> = new Map();
const NOTHING_REFUSED: Standing["refused"] = [];
const TYPES = [CLUSTER, ENDPOINT, EXTENSION, LISTENER, ROUTE, SECRET];
/** Unanswered responses that are remembered of a type; the protocol keeps fewer in flight. */
const MAX_SENT = 64;
/** Versions of a type that are remembered of a view: a client that is further behind counts as one that has nothing. */
const MAX_VERSIONS = 64;

export function createProgress(): Progress {
  let epoch = 0;
  let mesh: MeshSnapshot | undefined;
  /** Since which snapshot each policy has had its generation. */
  let since = new Map<string, { readonly generation: number; readonly createdAt: number; readonly epoch: number }>();
  const views = new Map<string, View>();
  const streams = new Map<number, Map<string, TypeProgress>>();
  /** Of each stream, what it was found to be at when it was looked at last. */
  const standings = new Map<number, Standing>();
  /** Proxies that have to be looked at again: something happened since, or they were not there yet. */
  let due = new Set<string>();

  function typeOf(stream: number, typeUrl: string): TypeProgress {
    let types = streams.get(stream);
    if (!types) streams.set(stream, (types = new Map()));
    let type = types.get(typeUrl);
    if (!type) types.set(typeUrl, (type = { version: undefined, sent: new Map() }));
    return type;
  }

  /** A stream hears of a new view a moment after it is set: until then what it has settled is the old one. */
  function isCurrent(proxy: string, { typeUrl, wanted }: TypeStatus): boolean {
    return wanted === (views.get(proxy)?.versions(typeUrl) ?? "");
  }

  /** The snapshot that a stream's client runs whole; 0 while it has not accepted any. */
  function appliedBy({ stream, node }: ClientStatus, types: readonly TypeStatus[]): number {
    const view = views.get(node.id);
    let applied = Infinity;
    let needed = 2;
    for (const status of types) {
      const { typeUrl, state, settled, wanted } = status;
      if (state !== "NOT_SENT" && (typeUrl === CLUSTER || typeUrl === LISTENER)) needed--;
      const progress = typeOf(stream, typeUrl);
      if (settled) progress.version = wanted;
      applied = Math.min(applied, epochOf(view, typeUrl, progress.version ?? ""));
    }
    return needed === 0 ? applied : 0;
  }

  function standingOf(client: ClientStatus): Standing {
    const { types } = client;
    const refused = types.flatMap(({ state, refused: names }) => (state === "REJECTED" ? Object.entries(names) : []));
    return { applied: appliedBy(client, types), refused: refused.length === 0 ? NOTHING_REFUSED : refused };
  }

  function viewed(proxy: string, versions: Versions): void {
    due.add(proxy);
    let view = views.get(proxy);
    if (!view) {
      const types = new Map(
        TYPES.map((type) => [type, { version: versions(type) ?? "", before: new Map<string, number>() }]),
      );
      views.set(proxy, (view = { versions, epoch, types }));
    }
    for (const [type, known] of view.types) {
      const version = versions(type) ?? "";
      if (version === known.version) continue;
      known.before.delete(known.version);
      known.before.set(known.version, view.epoch);
      known.version = version;
      if (known.before.size > MAX_VERSIONS) known.before.delete(known.before.keys().next().value!);
    }
    view.versions = versions;
    view.epoch = epoch;
  }

  return {
    snapshot(next) {
      if (next === mesh) return;
      epoch++;
      if (next.policies !== mesh?.policies) {
        const before = since;
        since = new Map();
        for (const [key, { generation, createdAt }] of next.policies) {
          const known = before.get(key);
          const same = known?.generation === generation && known.createdAt === createdAt;
          since.set(key, same ? known : { generation, createdAt, epoch });
        }
      }
      mesh = next;
    },
    viewed,
    forget: (proxy) => void views.delete(proxy),
    event(event) {
      due.add(event.node.id);
      if (event.kind === "disconnect") {
        streams.delete(event.stream);
        standings.delete(event.stream);
      }
      if (event.kind !== "action") return;
      const { action, stream, node } = event;
      if (action.kind === "send") {
        const status = event.status(action.response.typeUrl);
        if (!status?.complete || !isCurrent(node.id, status)) return;
        const { sent } = typeOf(stream, status.typeUrl);
        if (sent.size < MAX_SENT) sent.set(action.response.nonce, status.wanted);
      } else if (action.kind === "ack" || action.kind === "nack") {
        const type = typeOf(stream, action.typeUrl);
        const version = type.sent.get(action.nonce);
        type.sent.delete(action.nonce);
        if (version !== undefined && action.kind === "ack") type.version = version;
      }
    },
    report(clients) {
      const named = clients.filter(({ node }) => node.id !== "");
      const behind = new Set<string>();
      for (const client of named) {
        const { stream, node } = client;
        const known = standings.get(stream);
        if (known && !due.has(node.id)) continue;
        const standing = standingOf(client);
        standings.set(stream, standing);
        if (standing.applied < epoch) behind.add(node.id);
      }
      due = behind;
      const rejections = rejectionsOf(mesh, named, standings);
      const applied = newestByProxy(
        named.map(({ node, stream }) => [node.id, standings.get(stream)!.applied] as const),
      );
      applied.sort((a, b) => b - a);
      const policies = new Map<string, PolicyReport>();
      for (const [key, { generation, epoch: first }] of since) {
        const rejected = rejections.get(key) ?? NOBODY;
        const reached = countFrom(applied, first);
        const samples = [...rejected].slice(0, MAX_SAMPLES).map(([proxy, reason]): Rejection => ({ proxy, reason }));
        const synced = Math.max(0, Math.min(reached, applied.length - rejected.size));
        policies.set(key, { generation, synced, rejected: rejected.size, samples });
      }
      return { connected: applied.length, policies };
    },
  };
}

/** The last snapshot of which a view gave this version of a type; 0 when that is not known any more. */
function epochOf(view: View | undefined, typeUrl: string, version: string): number {
  const type = view?.types.get(typeUrl);
  if (!view || !type) return 0;
  return type.version === version ? view.epoch : (type.before.get(version) ?? 0);
}

/** A proxy may hold several streams while it reconnects: the one that is furthest counts. */
function newestByProxy(applied: readonly (readonly [string, number])[]): number[] {
  const newest = new Map<string, number>();
  for (const [proxy, at] of applied) newest.set(proxy, Math.max(newest.get(proxy) ?? 0, at));
  return [...newest.values()];
}

/** Which proxies refuse something of which policy, and why: by policy, then by proxy. */
function rejectionsOf(
  mesh: MeshSnapshot | undefined,
  clients: readonly ClientStatus[],
  standings: ReadonlyMap<number, Standing>,
): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const rejections = new Map<string, Map<string, string>>();
  for (const { node, stream } of clients) {
    for (const [name, reason] of standings.get(stream)?.refused ?? []) {
      const key = policyBehind(mesh, name) ?? policyBehind(mesh, reason);
      if (key === undefined) continue;
      const proxies = rejections.get(key);
      if (proxies) proxies.set(node.id, reason);
      else rejections.set(key, new Map([[node.id, reason]]));
    }
  }
  return rejections;
}

/** How many of the numbers, largest first, are at least `least`. */
function countFrom(descending: readonly number[], least: number): number {
  let [low, high] = [0, descending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (descending[middle]! >= least) low = middle + 1;
    else high = middle;
  }
  return low;
}

function policyBehind(mesh: MeshSnapshot | undefined, text: string): string | undefined {
  const service = serviceNamedIn(text);
  return service && mesh?.services.get(keyOfRef(service))?.policy?.key;
}
