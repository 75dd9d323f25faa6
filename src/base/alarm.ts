import type { Clock } from "./clock.ts";

/** Rings once at the time that was set last. */
export interface Alarm {
  /** In the clock's time; undefined for never. */
  set(at: number | undefined): void;
  cancel(): void;
}

/**
 * An alarm that is put off and taken back far more often than it rings: a timer that is there already is left to run out, and is then wound
 * up again for what is left.
 */
export function createAlarm(clock: Clock, ring: () => void): Alarm {
  let wanted: number | undefined;
  let timer: { readonly at: number; readonly cancel: () => void } | undefined;

  function wind(at: number): void {
    timer?.cancel();
    timer = { at, cancel: clock.after(Math.max(0, at - clock.now()), runOut) };
  }

  function runOut(): void {
    timer = undefined;
    if (wanted === undefined) return;
    // Timers may run out a little early.
    if (wanted - clock.now() > 1) return wind(wanted);
    wanted = undefined;
    ring();
  }

  return {
    set(at) {
      wanted = at;
      if (at !== undefined && (!timer || at < timer.at)) wind(at);
    },
    cancel() {
      wanted = undefined;
      timer?.cancel();
      timer = undefined;
    },
  };
}
