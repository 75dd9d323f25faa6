import type { Clock } from "../base/clock.ts";
import { HeddleError } from "../base/errors.ts";

export interface TurnsOptions {
  readonly clock: Clock;
  readonly atOnce: number;
  /** Waiting tasks; further ones are refused. */
  readonly maxWaiting: number;
  /** Milliseconds that a task waits for its turn. */
  readonly maxWait: number;
}

/** Runs a bounded number of tasks at once and the others in turn. The function rejects with BUSY when a task's turn does not come. */
export function createTurns(options: TurnsOptions): <T>(task: () => Promise<T>) => Promise<T> {
  const { clock, atOnce, maxWaiting, maxWait } = options;
  /** In order of arrival. */
  const waiting = new Set<() => void>();
  let running = 0;

  function turn(): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        cancel();
        resolve();
      };
      const cancel = clock.after(maxWait, () => {
        waiting.delete(begin);
        reject(new HeddleError("BUSY", `no turn within ${maxWait / 1000} s`));
      });
      waiting.add(begin);
    });
  }

  /** The turn of a task that ended goes to the next one as it is: nobody can step in between. */
  function pass(): void {
    const [next] = waiting;
    if (!next) {
      running--;
      return;
    }
    waiting.delete(next);
    next();
  }

  return async (task) => {
    if (running < atOnce) running++;
    else if (waiting.size < maxWaiting) await turn();
    else throw new HeddleError("BUSY", `${maxWaiting} tasks wait already`);
    try {
      return await task();
    } finally {
      pass();
    }
  };
}
