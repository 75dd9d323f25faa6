import { expect, test } from "vitest";
import type { Diagnostic } from "../../src/base/diagnostic.ts";
import { createFindingsLog, distinctFindings } from "../../src/control-plane/findings.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { memoryLog } from "../support/memory-log.ts";

function finding(message: string, level: Diagnostic["level"] = "error"): Diagnostic {
  return { code: "HED1104", level, path: "", message, place: { file: "shop.yaml", line: 3 } };
}

test("a finding is told when it appears and when it is mended, not in between", () => {
  const log = memoryLog();
  const report = createFindingsLog(log.logger, createMetrics());
  report([finding("is wrong"), finding("is odd", "warning")]);
  report([finding("is wrong"), finding("is odd", "warning")]);
  report([finding("is odd", "warning")]);
  expect(log.lines()).toEqual([
    "error shop.yaml:3: HED1104 error: is wrong",
    "warn shop.yaml:3: HED1104 warning: is odd",
    "info resolved: shop.yaml:3: HED1104 error: is wrong",
  ]);
});

test("the gauge counts what is wrong now", async () => {
  const metrics = createMetrics();
  const report = createFindingsLog(memoryLog().logger, metrics);
  report([finding("a"), finding("b"), finding("c", "warning")]);
  report([finding("a")]);
  const { values } = await metrics.diagnostics.get();
  expect(Object.fromEntries(values.map(({ labels, value }) => [labels.level, value]))).toEqual({
    error: 1,
    warning: 0,
    info: 0,
  });
});

test("what many sidecars share is one finding", () => {
  expect(distinctFindings([finding("b"), finding("a"), finding("b")])).toEqual([finding("a"), finding("b")]);
});
