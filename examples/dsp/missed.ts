/** Missed deadlines with and without the policy, judged by their ratio. */
import type { Check } from "../harness/report.ts";
import type { Phase } from "./measure.ts";

/** Two phases of the same length, load and trouble. */
export interface Compared {
  readonly without: Phase;
  readonly after: Phase;
}

/** @param goal how many times fewer deadlines are missed with the policy */
export function missedRow(what: string, goal: number, compared: readonly Compared[]): Check {
  const total = (of: "missed" | "sent", run: keyof Compared): number =>
    compared.reduce((sum, one) => sum + one[run][of], 0);
  const before = total("missed", "without") / total("sent", "without");
  const after = total("missed", "after") / total("sent", "after");
  return {
    what,
    expected: `≥ ${goal} × fewer`,
    measured: (["without", "after"] as const)
      .map((run) => `${total("missed", run)} of ${total("sent", run)}`)
      .join(" → "),
    ok: before > 0.02 && after <= before / goal,
    reason: compared.map((one) => `without: ${told(one.without)}\nwith: ${told(one.after)}`).join("\n"),
  };
}

/** What the missed got instead of a bid, in words. */
export function told({ reasons, heldUp, heldUpMs }: Phase): string {
  return `${reasons === "" ? "none" : reasons}; ${heldUp} of them when this machine was held up for ${heldUpMs.toFixed(0)} ms`;
}
