import { expect, test } from "vitest";
import { diagnostic } from "../../src/base/diagnostic-codes.ts";
import { createPolicyStatuses, type StatusInput } from "../../src/control-plane/policy-statuses.ts";
import { buildSnapshot } from "../../src/model/build.ts";
import { objectSet } from "../../src/model/objects.ts";
import type { PolicyReport } from "../../src/status/report.ts";
import { parsedObjects } from "../support/arbitrary-manifests.ts";

const names = ["cart", "checkout"];

function input(generation: number, report: Partial<PolicyReport>, more: Partial<StatusInput> = {}): StatusInput {
  const documents = names.flatMap((name) => [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { namespace: "shop", name },
      spec: { selector: { app: name }, ports: [{ port: 80 }] },
    },
    {
      apiVersion: "heddle.dev/v1alpha1",
      kind: "TrafficPolicy",
      metadata: { namespace: "shop", name, generation: name === "cart" ? 1 : generation },
      spec: { targetRefs: [{ kind: "Service", name }] },
    },
  ]);
  const objects = objectSet(parsedObjects(documents));
  const synced = { generation: 1, synced: 1, rejected: 0, samples: [] };
  const policies = new Map([
    ["shop/cart", synced],
    ["shop/checkout", { ...synced, generation, ...report }],
  ]);
  const mesh = buildSnapshot(objects, { clusterDomain: "cluster.local" });
  return { objects, mesh, diagnostics: [], reports: [{ connected: 1, policies }], ...more };
}

const finding = diagnostic("HED1303", {
  ref: { kind: "TrafficPolicy", namespace: "shop", name: "checkout" },
  path: "spec.subsets[0]",
  message: "no pod",
});
const rejection = { proxy: "web.shop", reason: "no" };

test("a status is the very same object until something that it says changes", () => {
  const same = input(1, {});
  const changes: readonly StatusInput[] = [
    { ...same, reports: input(1, { synced: 0 }).reports },
    { ...same, reports: input(1, { synced: 0, rejected: 1 }).reports },
    { ...same, reports: input(1, { synced: 0, rejected: 1, samples: [rejection] }).reports },
    { ...same, diagnostics: [finding] },
    { ...same, diagnostics: [{ ...finding, message: "no pods" }] },
    { ...same, mesh: { ...same.mesh, services: new Map() } },
    { ...same, mesh: { ...same.mesh, policies: input(2, {}).mesh.policies } },
  ];
  for (const changed of changes) {
    const statuses = createPolicyStatuses();
    const before = [...statuses(same).values()];
    expect([...statuses({ ...same }).values()].map((status, i) => status === before[i])).toEqual([true, true]);
    const after = [...statuses(changed).values()];
    expect(after).toEqual([...createPolicyStatuses()(changed).values()]);
    expect(after[1]).not.toEqual(before[1]);
    expect([...statuses(changed).values()][1]).toBe(after[1]);
  }
});

test("says how many sidecars run it", () => {
  const [cart, checkout] = createPolicyStatuses()(input(3, { synced: 0 })).values();
  expect(cart?.proxies).toEqual({ matched: 1, synced: 1, stale: 0, rejected: 0 });
  expect(checkout?.proxies).toEqual({ matched: 1, synced: 0, stale: 1, rejected: 0 });
  expect(checkout?.generation).toBe(3);
});
