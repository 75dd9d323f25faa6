import { expect, test } from "vitest";
import { createProgress } from "../../src/control-plane/progress.ts";
import type { MeshSnapshot, Policy } from "../../src/model/snapshot.ts";
import {
  type ClientStatus,
  CLUSTER,
  EXTENSION,
  LISTENER,
  type Response,
  type TypeStatus,
  type XdsEvent,
} from "../../src/xds/index.ts";

const node = { id: "web.shop", cluster: "", region: "", zone: "", agent: "envoy", version: "1.40.0" };

function mesh(generation: number): MeshSnapshot {
  const policy = { key: "shop/checkout", generation, createdAt: 1 } as Policy;
  return { services: new Map(), policies: new Map([[policy.key, policy]]) } as unknown as MeshSnapshot;
}

function typeStatus(typeUrl: string, wanted: string, settled: boolean): TypeStatus {
  const common = { sent: wanted, acked: "", nack: undefined, refused: {}, subscribed: undefined };
  return { typeUrl, state: settled ? "SYNCED" : "STALE", wanted, settled, complete: true, ...common };
}

function client(types: readonly TypeStatus[], stream = 1): ClientStatus {
  return { stream, node, protocol: "delta", connectedAt: 0, types };
}

function sent(typeUrl: string, nonce: string, status: TypeStatus): XdsEvent {
  const response: Response = { typeUrl, nonce, version: "", resources: [], removed: [] };
  return { kind: "action", stream: 1, node, bytes: 0, action: { kind: "send", response }, status: () => status };
}

function acked(typeUrl: string, nonce: string): XdsEvent {
  const action = { kind: "ack", typeUrl, nonce, version: "" } as const;
  return { kind: "action", stream: 1, node, bytes: 0, action, status: () => undefined };
}

function synced(progress: ReturnType<typeof createProgress>, clients: readonly ClientStatus[]): string {
  const report = progress.report(clients);
  const policy = report.policies.get("shop/checkout");
  return `generation ${policy?.generation}: ${policy?.synced} of ${report.connected}`;
}

test("a sidecar runs a generation once it has acknowledged all that became of it", () => {
  const progress = createProgress();
  progress.snapshot(mesh(1));
  progress.viewed("web.shop", () => "a");
  const settled = [typeStatus(CLUSTER, "a", true), typeStatus(LISTENER, "a", true)];
  expect(synced(progress, [client(settled)])).toBe("generation 1: 1 of 1");

  progress.snapshot(mesh(2));
  // The new snapshot is not made into a view yet.
  expect(synced(progress, [client(settled)])).toBe("generation 2: 0 of 1");
  progress.viewed("web.shop", (type) => (type === CLUSTER ? "b" : "a"));
  // The stream has not heard of the view: what it has settled is the old one.
  expect(synced(progress, [client(settled)])).toBe("generation 2: 0 of 1");
  const waiting = typeStatus(CLUSTER, "b", false);
  progress.event(sent(CLUSTER, "n1", waiting));
  expect(synced(progress, [client([waiting, settled[1]!])])).toBe("generation 2: 0 of 1");
  progress.event(acked(CLUSTER, "n1"));
  expect(synced(progress, [client([typeStatus(CLUSTER, "b", true), settled[1]!])])).toBe("generation 2: 1 of 1");
});

test("counts under changes that never end", () => {
  const progress = createProgress();
  progress.snapshot(mesh(1));
  progress.viewed("web.shop", () => "a");
  const listener = typeStatus(LISTENER, "a", true);
  progress.event(sent(CLUSTER, "n1", typeStatus(CLUSTER, "a", false)));
  // Before the answer comes, the next change is on its way already.
  progress.snapshot(mesh(2));
  progress.viewed("web.shop", (type) => (type === CLUSTER ? "b" : "a"));
  progress.event(acked(CLUSTER, "n1"));
  const busy = typeStatus(CLUSTER, "b", false);
  progress.event(sent(CLUSTER, "n2", busy));
  expect(synced(progress, [client([busy, listener])])).toBe("generation 2: 0 of 1");
  progress.snapshot(mesh(2));
  progress.viewed("web.shop", (type) => (type === CLUSTER ? "c" : "a"));
  progress.event(acked(CLUSTER, "n2"));
  progress.event(sent(CLUSTER, "n3", typeStatus(CLUSTER, "c", false)));
  expect(synced(progress, [client([typeStatus(CLUSTER, "c", false), listener])])).toBe("generation 2: 1 of 1");
});

test("one that has only begun to ask runs nothing yet", () => {
  const progress = createProgress();
  progress.snapshot(mesh(1));
  progress.viewed("web.shop", () => "a");
  expect(synced(progress, [client([typeStatus(CLUSTER, "a", true)])])).toBe("generation 1: 0 of 1");
});

test("two streams of one sidecar are one sidecar", () => {
  const progress = createProgress();
  progress.snapshot(mesh(1));
  progress.viewed("web.shop", () => "a");
  const settled = [typeStatus(CLUSTER, "a", true), typeStatus(LISTENER, "a", true)];
  expect(synced(progress, [client(settled, 1), client([], 2)])).toBe("generation 1: 1 of 1");
});

test("a policy that was deleted and made again has to be taken again", () => {
  const progress = createProgress();
  progress.snapshot(mesh(1));
  progress.viewed("web.shop", () => "a");
  const settled = [typeStatus(CLUSTER, "a", true), typeStatus(LISTENER, "a", true)];
  const again = { key: "shop/checkout", generation: 1, createdAt: 2 } as Policy;
  progress.snapshot({ ...mesh(1), policies: new Map([[again.key, again]]) });
  expect(synced(progress, [client(settled)])).toBe("generation 1: 0 of 1");
});

test("types that sidecars ask for count like clusters and listeners, whatever there is of them", () => {
  const progress = createProgress();
  progress.snapshot(mesh(1));
  progress.viewed("web.shop", (type) => (type === EXTENSION ? "empty" : "a"));
  const settled = [typeStatus(CLUSTER, "a", true), typeStatus(LISTENER, "a", true)];
  expect(synced(progress, [client([...settled, typeStatus(EXTENSION, "empty", true)])])).toBe("generation 1: 1 of 1");
});
