/** The demand-side platform's demonstration, at full length, since failing over costs the same in a short run: every check of its table holds. */
import { expect, test } from "vitest";
import { runSystem } from "../../../examples/harness/run.ts";
import { steps } from "../../../examples/dsp/steps.ts";
import { dsp } from "../../../examples/dsp/system.ts";

test("the demand-side platform keeps its deadlines", async () => {
  const rows = await runSystem(dsp, steps, { print: () => undefined });
  expect(rows.filter(({ ok }) => !ok)).toEqual([]);
  expect(rows.length).toBeGreaterThanOrEqual(14);
}, 240_000);
