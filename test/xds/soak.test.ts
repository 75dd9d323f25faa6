/** The soak in small: what must hold of it is counted, not timed. */
import { fork } from "node:child_process";
import { expect, test } from "vitest";
import { runSoak } from "../bench/soak-run.ts";

test("40 sidecars follow 100 changes a second and end up right, byte for byte", async () => {
  const options = { sidecars: 40, services: 100, seconds: 4, rate: 100 };
  const result = await runSoak(options, (port) =>
    fork(new URL("../bench/soak-clients.ts", import.meta.url), [String(port), String(options.sidecars)], {
      serialization: "advanced",
    }),
  );
  expect(result.changes).toBeGreaterThan(200);
  expect(result.right).toBe(options.sidecars);
  expect(result.refused).toBe(0);
  // Changes that come while a response is in flight are sent as one.
  expect(result.responses).toBeLessThan(result.changes * options.sidecars);
});
