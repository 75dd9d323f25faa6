/** The demonstration of collaborative editing, with shorter phases: every check of its table holds. */
import { expect, test } from "vitest";
import { runSystem } from "../../../examples/harness/run.ts";
import { steps } from "../../../examples/collaborative-editing/steps.ts";
import { collaborativeEditing } from "../../../examples/collaborative-editing/system.ts";

test("all editors of a document meet on one server", async () => {
  const rows = await runSystem(collaborativeEditing, steps, { pace: 0.6, print: () => undefined });
  expect(rows.filter(({ ok }) => !ok)).toEqual([]);
  expect(rows.length).toBe(14);
});
