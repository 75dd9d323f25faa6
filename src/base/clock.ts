/** Time as an argument: nothing in translate, model or the xDS sessions reads a clock of its own. */
export interface Clock {
  /** Milliseconds of a monotonic clock; only differences mean something. */
  now(): number;
  /** Calls `run` once, `delay` milliseconds from now; returns a function that cancels it. */
  after(delay: number, run: () => void): () => void;
}

/** The process's monotonic clock. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(delay, run) {
    const timer = setTimeout(run, delay);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
