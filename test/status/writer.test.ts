import { expect, test } from "vitest";
import type { KubeClient, KubeRequest } from "../../src/kube/client.ts";
import { KubeError } from "../../src/kube/errors.ts";
import { judgePolicy } from "../../src/status/policy-status.ts";
import type { WantedStatus } from "../../src/status/wanted.ts";
import { startStatusWriter } from "../../src/status/writer.ts";
import { manualClock } from "../support/manual-clock.ts";

const LIST = { apiVersion: "heddle.dev/v1alpha1", kind: "TrafficPolicyList", metadata: { resourceVersion: "1" } };

/** An API server that has the policies given and answers patches as it is told. */
function fakeApi(items: readonly object[] = [], refuse: (written: number) => KubeError | undefined = () => undefined) {
  const patches: KubeRequest[] = [];
  let tries = 0;
  const client: KubeClient = {
    request<T>(request: KubeRequest): Promise<T> {
      if (request.method === "GET") return Promise.resolve({ ...LIST, items } as T);
      const refusal = refuse(++tries);
      if (refusal) return Promise.reject(refusal);
      patches.push(request);
      return Promise.resolve({} as T);
    },
    open: () => Promise.reject(new Error("not asked for")),
    close: () => {},
  };
  return { client, patches };
}

function wanted(name: string, synced: number, createdAt = 1): [string, WantedStatus] {
  const ref = { kind: "TrafficPolicy", namespace: "shop", name };
  const proxies = { matched: 2, synced, stale: 2 - synced, rejected: 0 };
  const judgements = judgePolicy({ generation: 1, inForce: true, diagnostics: [], proxies, samples: [] });
  return [`TrafficPolicy/shop/${name}`, { ref, generation: 1, createdAt, judgements, proxies, rejections: [] }];
}

/** Lets promises settle, and time pass. */
async function pass(clock: ReturnType<typeof manualClock>, milliseconds: number): Promise<void> {
  for (let step = 0; step < 20; step++) await Promise.resolve();
  clock.advance(milliseconds);
  for (let step = 0; step < 20; step++) await Promise.resolve();
}

const NOW = "2026-01-01T00:00:00Z";

test("writes what changed, and nothing twice", async () => {
  const clock = manualClock();
  const { client, patches } = fakeApi();
  const writer = startStatusWriter({ client, clock, now: () => NOW });
  writer.want(new Map([wanted("a", 2)]));
  await pass(clock, 100);
  expect(patches.map(({ path }) => path)).toEqual([
    "/apis/heddle.dev/v1alpha1/namespaces/shop/trafficpolicies/a/status",
  ]);
  writer.want(new Map([wanted("a", 2)]));
  await pass(clock, 100);
  expect(patches).toHaveLength(1);
  writer.want(new Map([wanted("a", 1)]));
  await pass(clock, 100);
  expect(patches).toHaveLength(2);
  // Deleted and made again: the new one has no status, though all is as before.
  writer.want(new Map([wanted("a", 1, 2)]));
  await pass(clock, 100);
  expect(patches).toHaveLength(3);
  await writer.close();
});

test("goes at its pace, and what changes while it waits is written once", async () => {
  const clock = manualClock();
  const { client, patches } = fakeApi();
  const writer = startStatusWriter({ client, clock, now: () => NOW });
  const names = Array.from({ length: 40 }, (_, index) => `p${index}`);
  writer.want(new Map(names.map((name) => wanted(name, 1))));
  await pass(clock, 0);
  writer.want(new Map(names.map((name) => wanted(name, 2))));
  for (let tick = 0; tick < 20; tick++) await pass(clock, 50);
  // 20 a second, and the first at once.
  expect(patches.length).toBeLessThanOrEqual(22);
  for (let tick = 0; tick < 40; tick++) await pass(clock, 50);
  // The first one was written before it changed; the others once, as they are now.
  expect(patches).toHaveLength(41);
  await writer.close();
});

test("tries again after a failure, and forgets what is gone", async () => {
  const clock = manualClock();
  const refusals = [new KubeError("no answer", {}), new KubeError("gone", { status: 404 })];
  const { client, patches } = fakeApi([], (attempt) => refusals[attempt - 1]);
  const outcomes: string[] = [];
  const writer = startStatusWriter({ client, clock, now: () => NOW, onWrite: (outcome) => outcomes.push(outcome) });
  writer.want(new Map([wanted("a", 2)]));
  await pass(clock, 500);
  expect(outcomes).toEqual(["failed"]);
  await pass(clock, 1000);
  // The second answer says that there is no such policy: there is nobody to tell.
  expect([patches.length, outcomes]).toEqual([0, ["failed", "written"]]);
  await pass(clock, 10_000);
  expect(patches).toEqual([]);
  await writer.close();
});

test("keeps the time of a transition that another replica has written", async () => {
  const clock = manualClock();
  const conditions = [
    { type: "Accepted", status: "True", reason: "Accepted", message: "", lastTransitionTime: "2025-01-01T00:00:00Z" },
    { type: "Programmed", status: "False", reason: "x", message: "", lastTransitionTime: "2025-01-01T00:00:00Z" },
  ];
  const { client, patches } = fakeApi([{ metadata: { name: "a", namespace: "shop" }, status: { conditions } }]);
  const writer = startStatusWriter({ client, clock, now: () => NOW });
  writer.want(new Map([wanted("a", 2)]));
  await pass(clock, 100);
  const { status } = patches[0]!.body as { status: { conditions: { type: string; lastTransitionTime: string }[] } };
  expect(Object.fromEntries(status.conditions.map((c) => [c.type, c.lastTransitionTime]))).toEqual({
    Accepted: "2025-01-01T00:00:00Z",
    ResolvedRefs: NOW,
    Programmed: NOW,
  });
  await writer.close();
});
