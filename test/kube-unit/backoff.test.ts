import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createBackoff, sleep } from "../../src/kube/backoff.ts";
import { manualClock } from "../support/manual-clock.ts";

describe("backoff", () => {
  test("doubles up to a limit, begins again after a reset, and stays in the upper half", () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.array(random, { minLength: 1, maxLength: 60 }), (chances) => {
        let next = 0;
        const backoff = createBackoff({ base: 100, max: 5000, random: () => chances[next++ % chances.length]! });
        for (let round = 0; round < 2; round++) {
          for (let failure = 0; failure < 60; failure++) {
            const whole = Math.min(5000, 100 * 2 ** failure);
            const delay = backoff.next();
            expect(delay).toBeGreaterThanOrEqual(whole / 2);
            expect(delay).toBeLessThanOrEqual(whole);
          }
          backoff.reset();
        }
      }),
    );
  });
});

describe("sleep", () => {
  test("ends when the time is over, or at once when it is called off, and leaves nothing behind", async () => {
    const clock = manualClock();
    const stop = new AbortController();
    let woken = 0;
    const sleeps = [50, 100].map((time) => sleep(clock, time, stop.signal).then(() => woken++));
    clock.advance(50);
    await sleeps[0];
    expect(woken).toBe(1);
    stop.abort();
    await sleeps[1];
    await sleep(clock, 1000, stop.signal);
    expect(woken).toBe(2);
  });
});
