/** A whole zone is cut off, and comes back. */
import { calmest } from "../../harness/hold-ups.ts";
import { sleep } from "../../harness/wait.ts";
import { type Phase, phase } from "../measure.ts";
import { type Compared, missedRow, told } from "../missed.ts";
import { POLICIES } from "../policy.ts";
import { type Dsp, POLICY } from "../system.ts";

/** The zone is cut off this long into a phase, when the exchanges are under way; milliseconds, as all here. */
const LEAD = 500;
/** Misses later than this after the cut belong to a bidder that was tried again, not to the failover. */
const FAILOVER = 1500;
const HOME = 15_000;
const CUT_OFF = ["bidder-a1.ads", "bidder-a2.ads"];

export async function zone(dsp: Dsp): Promise<Compared> {
  const { report } = dsp;
  report.heading("A zone is cut off: connections stay open, nothing answers");
  const ms = dsp.lasting(7000);
  let home: Phase | undefined;
  const after = await calmest(async () => {
    const counted = await withZoneCutOff(dsp, ms);
    home = await homecoming(dsp);
    return counted;
  });
  await dsp.apply(POLICY, POLICIES.none);
  const without = await withZoneCutOff(dsp, ms);
  await dsp.apply(POLICY, POLICIES.whole);
  report.row(missedRow("deadlines missed: without → with the policy", 10, [{ without, after }]));
  const failover = after.missedAt.map((at) => at - after.cutAt).filter((at) => at < FAILOVER);
  const took = Math.max(0, failover.at(-1) ?? 0);
  report.row({
    what: "failing over: from the cut to the last miss",
    expected: "within 1 s",
    measured: `${took.toFixed(0)} ms, ${failover.length} bids`,
    ok: took < 1000 && after.served.b > 0,
    reason: told(after),
  });
  report.row({
    what: "the zone is back: all bids are its own again",
    expected: "yes, at most 1 missed",
    measured: home ? `${home.served.b} of ${home.sent} cross, ${home.missed} missed` : "not within 15 s",
    ok: home !== undefined && home.missed <= 1,
  });
  return { without, after };
}

async function withZoneCutOff(dsp: Dsp, ms: number): Promise<Phase & { readonly cutAt: number }> {
  const sidecars = CUT_OFF.map((id) => dsp.sidecars.get(id)!);
  let cutAt = 0;
  const counted = await phase(dsp, LEAD + ms, {
    async meanwhile() {
      await sleep(LEAD);
      cutAt = performance.now();
      for (const sidecar of sidecars) sidecar.freeze();
      await sleep(ms);
    },
  });
  for (const sidecar of sidecars) sidecar.thaw();
  return { ...counted, cutAt };
}

/** The first second of zone a's auctions in which zone b had no part any more. */
async function homecoming(dsp: Dsp): Promise<Phase | undefined> {
  const end = performance.now() + HOME;
  while (performance.now() < end) {
    const counted = await phase(dsp, 1000, { zones: ["a"] });
    if (counted.served.b === 0) return counted;
  }
  return undefined;
}
