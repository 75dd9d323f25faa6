/** The ride-sharing demonstration, with shorter phases: every check of its table holds. */
import { expect, test } from "vitest";
import { runSystem } from "../../../examples/harness/run.ts";
import { steps } from "../../../examples/ride-sharing/steps.ts";
import { rideSharing } from "../../../examples/ride-sharing/system.ts";

test("riders are matched with drivers, whatever happens to a service or a region", async () => {
  const rows = await runSystem(rideSharing, steps, { pace: 0.6, print: () => undefined });
  expect(rows.filter(({ ok }) => !ok)).toEqual([]);
  expect(rows.length).toBeGreaterThanOrEqual(14);
});
