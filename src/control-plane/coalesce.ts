import type { Clock } from "../base/clock.ts";

export interface Coalescer {
  /** Something is to be done: now, or, right after the last time, once for all requests of the window. */
  request(): void;
  cancel(): void;
}

/**
 * Runs at most once a window: the first request at once, so that a lone change waits for nothing, and the rest of a burst
 * together.
 *
 * @param window milliseconds
 * @param delay milliseconds that a lone request waits all the same, so that what is more urgent is done first
 */
export function createCoalescer(clock: Clock, window: number, run: () => void, delay = 0): Coalescer {
  let cancelTimer: (() => void) | undefined;
  let again = false;

  function request(): void {
    if (cancelTimer) again = true;
    else if (delay > 0) cancelTimer = clock.after(delay, runNow);
    else runNow();
  }

  function runNow(): void {
    cancelTimer = clock.after(window, () => {
      cancelTimer = undefined;
      if (again) runNow();
    });
    again = false;
    run();
  }

  return {
    request,
    cancel() {
      cancelTimer?.();
      cancelTimer = undefined;
      again = false;
    },
  };
}
