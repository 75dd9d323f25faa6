import type { NodeInfo } from "./node.ts";
import { buildSnapshot, type Snapshot, type SnapshotInput, type TypeSnapshot } from "./snapshot.ts";

/** Snapshots of a type that are compared with a new one. */
const MAX_RECENT = 8;

/** Holds one snapshot a view and tells the streams that watch a view when its snapshot changes. */
export interface SnapshotCache {
  /** Replaces what `view` is served. Streams are told only when something in it differs. */
  setSnapshot(view: string, input: SnapshotInput): Snapshot;
  /** The same with a snapshot that views share: nothing in its types, which are of `createTypeSnapshot`, is looked at again. */
  shareSnapshot(view: string, snapshot: Snapshot): Snapshot;
  getSnapshot(view: string): Snapshot | undefined;
  /** Forgets a view. Clients that are connected keep what they have; new ones wait. */
  clearSnapshot(view: string): void;
  views(): readonly string[];
  /**
   * Calls `onSnapshot` with the snapshot of the node's view, now if there is one and on each change, until the returned
   * function is called.
   */
  watch(node: NodeInfo, onSnapshot: (snapshot: Snapshot) => void): () => void;
}

export interface SnapshotCacheOptions {
  /** Which view a node is served; nodes with one view share its resources. The node's id by default. */
  readonly viewOf?: (node: NodeInfo) => string;
}

export function createSnapshotCache({ viewOf = (node) => node.id }: SnapshotCacheOptions = {}): SnapshotCache {
  const snapshots = new Map<string, Snapshot>();
  const watchers = new Map<string, Set<(snapshot: Snapshot) => void>>();
  /** The newest snapshots of each type, whatever the view: views mostly differ in few types. */
  const recent = new Map<string, TypeSnapshot[]>();

  function remember(snapshot: Snapshot): void {
    for (const [typeUrl, type] of snapshot.types) {
      const others = (recent.get(typeUrl) ?? []).filter((other) => other !== type);
      recent.set(typeUrl, [type, ...others].slice(0, MAX_RECENT));
    }
  }

  function shareSnapshot(view: string, snapshot: Snapshot): Snapshot {
    const previous = snapshots.get(view);
    if (previous && sameTypes(previous, snapshot)) return previous;
    snapshots.set(view, snapshot);
    for (const notify of watchers.get(view) ?? []) notify(snapshot);
    return snapshot;
  }

  return {
    setSnapshot(view, input) {
      const previous = snapshots.get(view);
      const snapshot = buildSnapshot(input, (typeUrl) => {
        const own = previous?.types.get(typeUrl);
        return [...(own ? [own] : []), ...(recent.get(typeUrl) ?? [])];
      });
      remember(snapshot);
      return shareSnapshot(view, snapshot);
    },
    shareSnapshot,
    getSnapshot: (view) => snapshots.get(view),
    clearSnapshot(view) {
      snapshots.delete(view);
    },
    views: () => [...snapshots.keys()],
    watch(node, onSnapshot) {
      const view = viewOf(node);
      let group = watchers.get(view);
      if (!group) watchers.set(view, (group = new Set()));
      // A function of its own for each watch, so that one callback may watch twice.
      const notify = (snapshot: Snapshot): void => onSnapshot(snapshot);
      group.add(notify);
      const snapshot = snapshots.get(view);
      if (snapshot) onSnapshot(snapshot);
      return () => {
        group.delete(notify);
        if (group.size === 0 && watchers.get(view) === group) watchers.delete(view);
      };
    },
  };
}

function sameTypes(a: Snapshot, b: Snapshot): boolean {
  if (a === b) return true;
  if (a.types.size !== b.types.size) return false;
  for (const [typeUrl, type] of b.types) if (a.types.get(typeUrl) !== type) return false;
  return true;
}
