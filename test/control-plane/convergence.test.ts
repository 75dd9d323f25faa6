import { describe, expect, test } from "vitest";
import { createConvergence } from "../../src/control-plane/convergence.ts";
import { manualClock } from "../support/manual-clock.ts";

function setUp() {
  const clock = manualClock();
  const measured: number[] = [];
  return { clock, measured, convergence: createConvergence(clock, (ms) => measured.push(ms)) };
}

describe("the time to convergence", () => {
  test("runs from the change to the last answer, quiet time not included", () => {
    const { clock, measured, convergence } = setUp();
    convergence.changed();
    clock.advance(5);
    convergence.sent(1, "RDS", "a");
    convergence.sent(2, "RDS", "b");
    clock.advance(3);
    convergence.answered(1, "RDS", "a");
    clock.advance(100);
    expect(measured).toEqual([]);
    convergence.answered(2, "RDS", "b");
    clock.advance(100);
    expect(measured).toEqual([108]);
  });

  test("an answer that lets the next response go does not end it", () => {
    const { clock, measured, convergence } = setUp();
    convergence.changed();
    convergence.sent(1, "CDS", "a");
    clock.advance(10);
    convergence.answered(1, "CDS", "a");
    convergence.sent(1, "RDS", "b");
    clock.advance(10);
    convergence.answered(1, "RDS", "b");
    clock.advance(100);
    expect(measured).toEqual([20]);
  });

  test("a stream that ends is waited for no longer", () => {
    const { clock, measured, convergence } = setUp();
    convergence.changed();
    convergence.sent(1, "CDS", "a");
    convergence.sent(2, "CDS", "b");
    clock.advance(10);
    convergence.answered(2, "CDS", "b");
    convergence.forget(1);
    clock.advance(100);
    expect(measured).toEqual([10]);
  });

  test("the answer to a newer response of a type stands for the older ones too", () => {
    const { clock, measured, convergence } = setUp();
    convergence.changed();
    convergence.sent(1, "CDS", "a");
    convergence.sent(1, "CDS", "b");
    convergence.answered(1, "CDS", "a");
    clock.advance(30);
    expect(measured).toEqual([]);
    convergence.answered(1, "CDS", "b");
    clock.advance(100);
    expect(measured).toEqual([30]);
  });

  test("a change that concerns nobody is not measured, and the next one not from its time on", () => {
    const { clock, measured, convergence } = setUp();
    convergence.changed();
    clock.advance(1000);
    convergence.changed();
    convergence.sent(1, "RDS", "a");
    clock.advance(7);
    convergence.answered(1, "RDS", "a");
    clock.advance(100);
    expect(measured).toEqual([7]);
  });

  test("changes that overlap are measured as one; one that comes right after is not", () => {
    const { clock, measured, convergence } = setUp();
    convergence.changed();
    convergence.sent(1, "RDS", "a");
    clock.advance(10);
    convergence.changed();
    clock.advance(5);
    convergence.answered(1, "RDS", "a");
    convergence.changed();
    convergence.sent(1, "RDS", "b");
    clock.advance(4);
    convergence.answered(1, "RDS", "b");
    clock.advance(100);
    expect(measured).toEqual([15, 4]);
  });
});
