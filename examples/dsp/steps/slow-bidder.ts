/** One bidder stalls on most of its bids. */
import { calmest } from "../../harness/hold-ups.ts";
import { phase } from "../measure.ts";
import { type Compared, missedRow } from "../missed.ts";
import { POLICIES } from "../policy.ts";
import { type Dsp, POLICY } from "../system.ts";

const STALLS = { share: 0.75, ms: 300 };

export async function slowBidder(dsp: Dsp): Promise<Compared> {
  const { report, apps } = dsp;
  report.heading("A slow bidder: it stalls for 300 ms on three bids of four");
  apps.bidders[0]!.become({ stalls: STALLS });
  await dsp.apply(POLICY, POLICIES.none);
  const without = await phase(dsp, dsp.lasting(7000));
  await dsp.apply(POLICY, POLICIES.whole);
  const after = await calmest(() => phase(dsp, dsp.lasting(7000)));
  apps.bidders[0]!.become({});
  report.row(missedRow("deadlines missed: without → with the policy", 5, [{ without, after }]));
  report.row({
    what: "what bidders did for each bid request",
    expected: "at most 1.2 ×",
    measured: `${after.amplification.toFixed(3)} ×`,
    ok: after.amplification <= 1.2,
  });
  return { without, after };
}
