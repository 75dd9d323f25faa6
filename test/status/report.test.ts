import fc from "fast-check";
import { expect, test } from "vitest";
import { parseReport, serializeReport, type PolicyReport, type ReplicaReport } from "../../src/status/report.ts";

const policy: fc.Arbitrary<PolicyReport> = fc.record({
  generation: fc.nat(),
  synced: fc.nat(),
  rejected: fc.nat(),
  samples: fc.array(fc.record({ proxy: fc.string(), reason: fc.string({ maxLength: 500 }) }), { maxLength: 5 }),
});
const report: fc.Arbitrary<ReplicaReport> = fc.record({
  connected: fc.nat(),
  policies: fc
    .array(fc.tuple(fc.stringMatching(/^[a-z]{1,5}\/[a-z]{1,5}$/), policy))
    .map((entries) => new Map(entries)),
});

test("a report survives its way through an object in Kubernetes", () => {
  fc.assert(
    fc.property(report, (value) => {
      expect(parseReport(serializeReport(value))).toEqual(value);
    }),
  );
});

test("is cut where it would not fit into an object", () => {
  const policies = Array.from({ length: 6000 }, (_, index): [string, PolicyReport] => {
    const samples = Array.from({ length: 9 }, () => ({ proxy: "web.shop", reason: "x".repeat(2000) }));
    return [
      `shop/${index}`,
      { generation: 1, synced: 1, rejected: index === 0 ? 9 : 0, samples: index === 0 ? samples : [] },
    ];
  });
  const text = serializeReport({ connected: 1, policies: new Map(policies) });
  expect(text.length).toBeLessThan(1024 * 1024);
  const back = parseReport(text);
  expect(back?.policies.size).toBe(5000);
  expect(back?.policies.get("shop/0")?.samples).toHaveLength(5);
});

test.each(["", "{", "null", '{"connected":"1","policies":{}}', '{"connected":1}'])("%j is no report", (text) => {
  expect(parseReport(text)).toBeUndefined();
});
