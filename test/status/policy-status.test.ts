import { describe, expect, test } from "vitest";
import { diagnostic } from "../../src/base/diagnostic-codes.ts";
import { withTransitions } from "../../src/status/condition.ts";
import { countProxies, judgePolicy, type PolicyFacts } from "../../src/status/policy-status.ts";
import type { ReplicaReport } from "../../src/status/report.ts";

const ref = { kind: "TrafficPolicy", namespace: "shop", name: "checkout" };
const well: PolicyFacts = {
  generation: 3,
  inForce: true,
  diagnostics: [],
  proxies: { matched: 4, synced: 4, stale: 0, rejected: 0 },
  samples: [],
};

function judged(facts: Partial<PolicyFacts>): Record<string, string> {
  const judgements = judgePolicy({ ...well, ...facts });
  for (const { observedGeneration } of judgements) expect(observedGeneration).toBe(3);
  return Object.fromEntries(judgements.map(({ type, status, reason }) => [type, `${status}/${reason}`]));
}

describe("conditions of a policy", () => {
  test("all is well", () => {
    expect(judged({})).toEqual({
      Accepted: "True/Accepted",
      ResolvedRefs: "True/ResolvedRefs",
      Programmed: "True/Programmed",
    });
  });

  test.each([
    ["HED1301", "False/Conflicted"],
    ["HED1302", "False/TargetNotFound"],
  ] as const)("%s on its only target", (code, accepted) => {
    const diagnostics = [diagnostic(code, { ref, path: "spec.targetRefs[0].name", message: "is so" })];
    expect(judged({ diagnostics, inForce: false })).toMatchObject({
      Accepted: accepted,
      Programmed: "False/NotAccepted",
    });
    // Another target takes it.
    expect(judged({ diagnostics }).Accepted).toBe("True/Accepted");
  });

  test.each([
    ["HED1303", "False/EmptySubset"],
    ["HED1304", "False/ServiceNotFound"],
    ["HED1305", "False/PortNotFound"],
    ["HED1306", "False/SubsetNotFound"],
  ] as const)("%s is a reference that leads nowhere", (code, resolved) => {
    const diagnostics = [diagnostic(code, { ref, path: "spec", message: "is so" })];
    expect(judged({ diagnostics })).toMatchObject({ Accepted: "True/Accepted", ResolvedRefs: resolved });
  });

  test("what will hardly do what was meant is said of a policy that is in force", () => {
    const remark = (index: number) =>
      diagnostic("HED1307", { ref, path: `spec.routes[${index}]`, message: "is never reached" });
    const said = (count: number) =>
      judgePolicy({ ...well, diagnostics: Array.from({ length: count }, (_, i) => remark(i + 1)) });
    expect(said(1)[0]).toMatchObject({
      status: "True",
      reason: "Accepted",
      message: "The policy is in force. But HED1307: spec.routes[1]: is never reached",
    });
    expect(said(1).slice(1)).toEqual(judgePolicy(well).slice(1));
    expect(said(10)[0]!.message).toMatch(/spec\.routes\[8\]: is never reached; and 2 more$/);
  });

  test("sidecars that do not run it yet, and those that refuse it", () => {
    const samples = [{ proxy: "web.shop", reason: "no" }];
    expect(judged({ proxies: { matched: 4, synced: 3, stale: 1, rejected: 0 } }).Programmed).toBe("False/Reconciling");
    expect(judged({ proxies: { matched: 4, synced: 3, stale: 0, rejected: 1 }, samples }).Programmed).toBe(
      "False/PartiallyProgrammed",
    );
    expect(judged({ proxies: { matched: 4, synced: 0, stale: 0, rejected: 4 }, samples }).Programmed).toBe(
      "False/Quarantined",
    );
    expect(judged({ proxies: { matched: 0, synced: 0, stale: 0, rejected: 0 } }).Programmed).toBe("True/Programmed");
  });

  test("what was left out before it was sent is quarantined", () => {
    const diagnostics = [diagnostic("HED2001", { ref, path: "", message: "an Envoy would refuse it" })];
    expect(judged({ diagnostics }).Programmed).toBe("False/Quarantined");
  });
});

describe("the time of a transition", () => {
  test("moves when the status does, not when the words do", () => {
    const [first] = withTransitions(judgePolicy(well), [], "2026-01-01T00:00:00Z");
    const again = withTransitions([{ ...first!, message: "other words" }], [first!], "2026-01-02T00:00:00Z");
    expect(again[0]).toMatchObject({ message: "other words", lastTransitionTime: "2026-01-01T00:00:00Z" });
    const changed = withTransitions([{ ...first!, status: "False" }], again, "2026-01-03T00:00:00Z");
    expect(changed[0]).toMatchObject({ status: "False", lastTransitionTime: "2026-01-03T00:00:00Z" });
  });
});

describe("sidecars over all replicas", () => {
  const policy = { key: "shop/checkout", generation: 3, inForce: true };
  const report = (connected: number, generation: number, synced: number, rejected = 0): ReplicaReport => ({
    connected,
    policies: new Map([["shop/checkout", { generation, synced, rejected, samples: [] }]]),
  });

  test("add up", () => {
    expect(countProxies(policy, [report(3, 3, 2), report(2, 3, 1, 1)], 5).proxies).toEqual({
      matched: 5,
      synced: 3,
      stale: 1,
      rejected: 1,
    });
  });

  test("a replica that has another generation knows of none that run this one", () => {
    expect(countProxies(policy, [report(3, 3, 3), report(2, 2, 2)], 5).proxies).toMatchObject({ synced: 3, stale: 2 });
  });

  test("a sidecar that should be connected and is not is stale", () => {
    expect(countProxies(policy, [report(1, 3, 1)], 3).proxies).toMatchObject({ matched: 3, synced: 1, stale: 2 });
  });

  test("a policy that is not in force concerns none", () => {
    expect(countProxies({ ...policy, inForce: false }, [report(1, 3, 1)], 3).proxies.matched).toBe(0);
  });
});
