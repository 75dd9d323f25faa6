/**
 * Measures how long a change takes to reach every sidecar: from the source's event to the answer to the last response that it
 * caused. Changes that overlap are measured as one, from the first on.
 */
import type { Clock } from "../base/clock.ts";

export interface Convergence {
  /** The source has changed. */
  changed(): void;
  sent(stream: number, type: string, nonce: string): void;
  /** The client has accepted or refused. */
  answered(stream: number, type: string, nonce: string): void;
  /** A stream is gone and will answer nothing more. */
  forget(stream: number): void;
}

/** Answers may cause responses that belong to the same change, so it is over only after this quiet time, in milliseconds. */
const QUIET = 20;

/** @param onConverged milliseconds; not called for changes that concern nobody */
export function createConvergence(clock: Clock, onConverged: (milliseconds: number) => void): Convergence {
  /** Nonces of the newest unanswered response, by type, by stream: an answer to the newest settles those before it. */
  const waiting = new Map<number, Map<string, string>>();
  /** Responses in it. */
  let unanswered = 0;
  let change: { readonly since: number; answered: number | undefined } | undefined;
  let cancelSettle: (() => void) | undefined;

  function settle(): void {
    cancelSettle?.();
    cancelSettle = undefined;
    if (change?.answered === undefined || unanswered > 0) return;
    onConverged(change.answered - change.since);
    change = undefined;
  }

  function settleSoon(): void {
    if (unanswered === 0) cancelSettle ??= clock.after(QUIET, settle);
  }

  return {
    changed() {
      settle();
      if (unanswered === 0 || !change) change = { since: clock.now(), answered: undefined };
    },
    sent(stream, type, nonce) {
      cancelSettle?.();
      cancelSettle = undefined;
      let types = waiting.get(stream);
      if (!types) waiting.set(stream, (types = new Map()));
      if (!types.has(type)) unanswered++;
      types.set(type, nonce);
    },
    answered(stream, type, nonce) {
      const types = waiting.get(stream);
      if (types?.get(type) !== nonce) return;
      types.delete(type);
      unanswered--;
      if (change) change.answered = clock.now();
      settleSoon();
    },
    forget(stream) {
      const types = waiting.get(stream);
      if (!types) return;
      unanswered -= types.size;
      waiting.delete(stream);
      settleSoon();
    },
  };
}
