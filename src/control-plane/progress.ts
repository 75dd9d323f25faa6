/**
 * How far each connected sidecar is: which snapshot of the mesh it runs whole. A policy's generation is programmed on a sidecar
 * that runs the first snapshot that held it, or a later one.
 */
import type { MeshSnapshot } from "../model/snapshot.ts";
import { MAX_SAMPLES, type PolicyReport, type Rejection, type ReplicaReport } from "../status/report.ts";
import { CLUSTER, LISTENER, type ClientStatus, type TypeStatus, type XdsEvent } from "../xds/index.ts";
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
  /** Number of the snapshot that it was made of. */
  readonly epoch: number;
  readonly versions: Versions;
}

/** Of one type on one stream: what was acknowledged whole, and what will be with the answer to a nonce. */
interface TypeProgress {
  acked: number;
  readonly sent: Map<string, number>;
}

/** Unanswered responses that are remembered of a type; the protocol keeps fewer in flight. */
const MAX_SENT = 64;

export function createProgress(): Progress {
  let epoch = 0;
  let mesh: MeshSnapshot | undefined;
  /** Since which snapshot each policy has had its generation. */
  let since = new Map<string, { readonly generation: number; readonly createdAt: number; readonly epoch: number }>();
  const views = new Map<string, View>();
  const streams = new Map<number, Map<string, TypeProgress>>();

  function typeOf(stream: number, typeUrl: string): TypeProgress {
    let types = streams.get(stream);
    if (!types) streams.set(stream, (types = new Map()));
    let type = types.get(typeUrl);
    if (!type) types.set(typeUrl, (type = { acked: 0, sent: new Map() }));
    return type;
  }

  /** The snapshot that a type of a stream is at, once all that was sent is acknowledged. */
  function aimOf(proxy: string, status: TypeStatus | undefined): number | undefined {
    const view = views.get(proxy);
    if (!view || !status?.complete) return undefined;
    // A stream hears of a new view a moment after it is set.
    return status.wanted === (view.versions(status.typeUrl) ?? "") ? view.epoch : undefined;
  }

  /** The snapshot that a stream's client runs whole; 0 while it has not accepted any. */
  function appliedBy({ stream, node, types }: ClientStatus): number {
    let applied = Infinity;
    const seen = new Set<string>();
    for (const status of types) {
      if (status.state !== "NOT_SENT") seen.add(status.typeUrl);
      const settled = status.settled ? aimOf(node.id, status) : undefined;
      applied = Math.min(applied, settled ?? streams.get(stream)?.get(status.typeUrl)?.acked ?? 0);
    }
    return seen.has(CLUSTER) && seen.has(LISTENER) ? applied : 0;
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
    viewed: (proxy, versions) => void views.set(proxy, { epoch, versions }),
    forget: (proxy) => void views.delete(proxy),
    event(event) {
      if (event.kind === "disconnect") streams.delete(event.stream);
      if (event.kind !== "action") return;
      const { action, stream, node } = event;
      if (action.kind === "send") {
        const { typeUrl, nonce } = action.response;
        const aim = aimOf(node.id, event.status(typeUrl));
        const { sent } = typeOf(stream, typeUrl);
        if (aim !== undefined && sent.size < MAX_SENT) sent.set(nonce, aim);
      } else if (action.kind === "ack" || action.kind === "nack") {
        const type = typeOf(stream, action.typeUrl);
        const aim = type.sent.get(action.nonce);
        type.sent.delete(action.nonce);
        if (aim !== undefined && action.kind === "ack") type.acked = Math.max(type.acked, aim);
      }
    },
    report(clients) {
      const named = clients.filter(({ node }) => node.id !== "");
      const rejections = rejectionsOf(mesh, named);
      const applied = newestByProxy(named.map((client) => [client.node.id, appliedBy(client)] as const)).sort(
        (a, b) => b - a,
      );
      const policies = new Map<string, PolicyReport>();
      for (const [key, { generation, epoch: first }] of since) {
        const rejected = rejections.get(key) ?? new Map<string, string>();
        const behind = applied.findIndex((at) => at < first);
        const reached = behind < 0 ? applied.length : behind;
        const samples = [...rejected].slice(0, MAX_SAMPLES).map(([proxy, reason]): Rejection => ({ proxy, reason }));
        const synced = Math.max(0, Math.min(reached, applied.length - rejected.size));
        policies.set(key, { generation, synced, rejected: rejected.size, samples });
      }
      return { connected: applied.length, policies };
    },
  };
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
): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const rejections = new Map<string, Map<string, string>>();
  for (const { node, types } of clients) {
    for (const { refused } of types) {
      for (const [name, reason] of Object.entries(refused)) {
        const key = policyBehind(mesh, name) ?? policyBehind(mesh, reason);
        if (key === undefined) continue;
        const proxies = rejections.get(key);
        if (proxies) proxies.set(node.id, reason);
        else rejections.set(key, new Map([[node.id, reason]]));
      }
    }
  }
  return rejections;
}

function policyBehind(mesh: MeshSnapshot | undefined, text: string): string | undefined {
  const service = serviceNamedIn(text);
  return service && mesh?.services.get(`${service.namespace}/${service.name}`)?.policy?.key;
}
