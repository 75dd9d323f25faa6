import type { Clock } from "../base/clock.ts";

export interface BackoffOptions {
  /** Milliseconds. */
  readonly base: number;
  readonly max: number;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
}

/** Delays that double from one failure to the next, each somewhere in its upper half: replicas that fail together come back apart. */
export function createBackoff({ base, max, random }: BackoffOptions): { next(): number; reset(): void } {
  let failures = 0;
  return {
    next() {
      const whole = Math.min(max, base * 2 ** failures);
      failures = Math.min(failures + 1, 30);
      return (whole / 2) * (1 + random());
    },
    reset() {
      failures = 0;
    },
  };
}

/** Resolves after `milliseconds`, or at once when the signal is aborted. */
export function sleep(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      signal.removeEventListener("abort", done);
      cancel();
      resolve();
    };
    const cancel = clock.after(milliseconds, done);
    signal.addEventListener("abort", done, { once: true });
  });
}
