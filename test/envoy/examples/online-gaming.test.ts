/** The demonstration of online gaming, with shorter phases: every check of its table holds. */
import { expect, test } from "vitest";
import { runSystem } from "../../../examples/harness/run.ts";
import { steps } from "../../../examples/online-gaming/steps.ts";
import { onlineGaming } from "../../../examples/online-gaming/system.ts";

test("players are matched near them, and stay where they play", async () => {
  const rows = await runSystem(onlineGaming, steps, { pace: 0.6, print: () => undefined });
  expect(rows.filter(({ ok }) => !ok)).toEqual([]);
  expect(rows.length).toBe(20);
});
