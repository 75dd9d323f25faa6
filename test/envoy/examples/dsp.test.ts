/** The demand-side platform's demonstration, with shorter phases: every check of its table holds. */
import { expect, test } from "vitest";
import { runSystem } from "../../../examples/harness/run.ts";
import { steps } from "../../../examples/dsp/steps.ts";
import { dsp } from "../../../examples/dsp/system.ts";

test("the demand-side platform keeps its deadlines", async () => {
  const rows = await runSystem(dsp, steps, { pace: 0.6, print: () => undefined });
  expect(rows.filter(({ ok }) => !ok)).toEqual([]);
  expect(rows.length).toBeGreaterThanOrEqual(14);
});
