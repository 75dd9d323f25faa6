import fc from "fast-check";
import { expect, test } from "vitest";
import { createTurns } from "../../src/identity/turns.ts";
import { manualClock } from "../support/manual-clock.ts";

test("tasks run in order, never more at once than allowed, and the rest is refused", async () => {
  const limits = fc.record({ atOnce: fc.integer({ min: 1, max: 4 }), maxWaiting: fc.integer({ min: 0, max: 5 }) });
  await fc.assert(
    fc.asyncProperty(limits, fc.integer({ min: 1, max: 15 }), fc.scheduler(), async (limit, count, scheduler) => {
      const inTurn = createTurns({ clock: manualClock(), maxWait: 1000, ...limit });
      const begun: number[] = [];
      let running = 0;
      let most = 0;
      const task = async (index: number): Promise<void> => {
        begun.push(index);
        most = Math.max(most, ++running);
        await scheduler.schedule(Promise.resolve());
        running--;
        if (index % 3 === 0) throw new Error("failed");
      };
      const all = Array.from({ length: count }, (_, index) => inTurn(() => task(index)));
      const results = await scheduler.waitFor(Promise.allSettled(all));
      expect(most).toBe(Math.min(count, limit.atOnce));
      const taken = Math.min(count, limit.atOnce + limit.maxWaiting);
      expect(begun).toEqual(Array.from({ length: taken }, (_, index) => index));
      const busy = results.filter((result) => result.status === "rejected" && result.reason.code === "BUSY");
      expect(busy).toHaveLength(count - taken);
    }),
  );
});

test("who has waited too long is refused, and leaves its place", async () => {
  const clock = manualClock();
  const inTurn = createTurns({ clock, atOnce: 1, maxWaiting: 1, maxWait: 1000 });
  const { promise, resolve } = Promise.withResolvers<string>();
  const first = inTurn(() => promise);
  const second = inTurn(() => Promise.resolve("second"));
  clock.advance(1000);
  await expect(second).rejects.toMatchObject({ code: "BUSY", message: "no turn within 1 s" });
  const third = inTurn(() => Promise.resolve("third"));
  resolve("first");
  expect(await Promise.all([first, third])).toEqual(["first", "third"]);
  expect(await inTurn(() => Promise.resolve("fourth"))).toBe("fourth");
});
