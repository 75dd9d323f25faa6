/** Deadlines of milliseconds are measured on machines where others work too. */
import { getPriority, setPriority } from "node:os";

/** As far ahead of others as a process may ask to be without starving them. */
const AHEAD = -10;

/**
 * Puts this process, and what it starts from now on, ahead of what else runs on the machine; where the user may not, nothing
 * happens. Disposing of it gives this process its former place back.
 */
export function aheadOfOthers(): Disposable {
  const before = getPriority();
  try {
    setPriority(AHEAD);
  } catch {
    return { [Symbol.dispose]: () => undefined };
  }
  return { [Symbol.dispose]: () => setPriority(before) };
}
