/** Missed deadlines with and without the policy, judged by their ratio. */
import type { Check } from "../harness/report.ts";
import type { Phase } from "./measure.ts";

/** How many times fewer deadlines are missed with the policy. */
const GOAL = 20;

/** The share of deadlines that this machine misses while nothing is wrong, e.g. because something else has its processor. */
export function noise({ missed, sent }: Phase): number {
  return missed / sent;
}

/** @param quiet what the machine misses by itself; granted to the run with the policy */
export function missedRow(without: Phase, after: Phase, quiet: number): Check {
  const granted = quiet * after.sent;
  const share = without.missed / without.sent;
  return {
    what: "deadlines missed: without → with the policy",
    expected: `≥ ${GOAL} × fewer`,
    measured: `${without.missed} of ${without.sent} → ${after.missed} of ${after.sent}`,
    ok: share > 0.02 && after.missed - granted <= (share * after.sent) / GOAL,
    reason: `without: ${without.reasons}\nwith: ${after.reasons}\nthe machine by itself: ${granted.toFixed(1)}`,
  };
}
