import { describe, expect, test } from "vitest";
import { createCoalescer } from "../../src/control-plane/coalesce.ts";
import { manualClock } from "../support/manual-clock.ts";

function setUp() {
  const clock = manualClock();
  const runs: number[] = [];
  const coalescer = createCoalescer(clock, 50, () => runs.push(clock.now()));
  return { clock, runs, coalescer };
}

describe("a burst of requests", () => {
  test("a lone request waits for nothing", () => {
    const { runs, coalescer } = setUp();
    coalescer.request();
    expect(runs).toEqual([0]);
  });

  test("what comes within the window is done once, at its end", () => {
    const { clock, runs, coalescer } = setUp();
    for (let i = 0; i < 10; i++) {
      coalescer.request();
      clock.advance(4);
    }
    clock.advance(200);
    expect(runs).toEqual([0, 50]);
  });

  test("a steady stream is done once a window, and its last request is never lost", () => {
    const { clock, runs, coalescer } = setUp();
    for (let i = 0; i < 30; i++) {
      coalescer.request();
      clock.advance(10);
    }
    clock.advance(100);
    expect(runs).toEqual([0, 50, 100, 150, 200, 250, 300]);
  });

  test("with a delay a lone request waits for it, and what comes meanwhile is done with it", () => {
    const clock = manualClock();
    const runs: number[] = [];
    const coalescer = createCoalescer(clock, 50, () => runs.push(clock.now()), 20);
    coalescer.request();
    clock.advance(10);
    coalescer.request();
    clock.advance(100);
    expect(runs).toEqual([20]);
    coalescer.request();
    clock.advance(30);
    // In the window after it: at the window's end, without another delay.
    coalescer.request();
    clock.advance(200);
    expect(runs).toEqual([20, 130, 180]);
  });

  test("after a quiet window the next one is at once again", () => {
    const { clock, runs, coalescer } = setUp();
    coalescer.request();
    clock.advance(60);
    coalescer.request();
    expect(runs).toEqual([0, 60]);
  });

  test("nothing runs after cancel", () => {
    const { clock, runs, coalescer } = setUp();
    coalescer.request();
    coalescer.request();
    coalescer.cancel();
    clock.advance(200);
    expect(runs).toEqual([0]);
  });

  test("a request made while it runs is done in the next window", () => {
    const clock = manualClock();
    let runs = 0;
    const coalescer = createCoalescer(clock, 50, () => {
      if (++runs === 1) coalescer.request();
    });
    coalescer.request();
    expect(runs).toBe(1);
    clock.advance(50);
    expect(runs).toBe(2);
  });
});
