/**
 * Spreads the work of telling many streams of a change over turns of the event loop, so that requests are read in
 * between. A stream waits in it at most once; what it is told is looked up when its turn comes.
 */
export interface Fanout {
  schedule(task: () => void): void;
  cancel(task: () => void): void;
  readonly size: number;
}

/** @param batch tasks run in one turn */
export function createFanout(batch = 256): Fanout {
  const waiting = new Set<() => void>();
  let scheduled = false;

  function run(): void {
    let left = batch;
    for (const task of waiting) {
      if (left-- === 0) break;
      waiting.delete(task);
      task();
    }
    scheduled = waiting.size > 0;
    if (scheduled) setImmediate(run);
  }

  return {
    schedule(task) {
      waiting.add(task);
      if (!scheduled) setImmediate(run);
      scheduled = true;
    },
    cancel: (task) => void waiting.delete(task),
    get size() {
      return waiting.size;
    },
  };
}
