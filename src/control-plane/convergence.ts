/**
 * Measures how long a change takes to reach every sidecar: from the source's event to the answer to the last response that it
 * caused.
 */
export interface Convergence {
  changed(now: number): void;
  sent(response: string): void;
  answered(response: string, now: number): void;
  /** A stream is gone and will answer nothing more. */
  forget(stream: string, now: number): void;
}

/** @param onConverged milliseconds; not called for changes that concern nobody */
export function createConvergence(onConverged: (milliseconds: number) => void): Convergence {
  const waiting = new Set<string>();
  let since: number | undefined;
  let any = false;

  function settle(now: number): void {
    if (waiting.size > 0 || since === undefined || !any) return;
    onConverged(now - since);
    since = undefined;
  }

  return {
    changed(now) {
      // While an earlier change is still on its way, the later one is measured with it.
      if (since === undefined || waiting.size === 0) [since, any] = [now, false];
    },
    sent(response) {
      waiting.add(response);
      any = true;
    },
    answered(response, now) {
      if (waiting.delete(response)) settle(now);
    },
    forget(stream, now) {
      for (const response of waiting) if (response.startsWith(`${stream}/`)) waiting.delete(response);
      settle(now);
    },
  };
}
