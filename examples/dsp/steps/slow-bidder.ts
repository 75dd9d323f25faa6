/** One bidder stalls on half of its bids. */
import { phase } from "../measure.ts";
import { missedRow, noise } from "../missed.ts";
import { POLICIES } from "../policy.ts";
import { type Dsp, POLICY } from "../system.ts";

const STALLS = { share: 0.5, ms: 300 };

export async function slowBidder(dsp: Dsp): Promise<void> {
  const { report, apps } = dsp;
  report.heading("A slow bidder: it stalls for 300 ms on every second bid");
  const quiet = noise(await phase(dsp, dsp.lasting(4000)));
  apps.bidders[0]!.become({ stalls: STALLS });
  await dsp.apply(POLICY, POLICIES.none);
  const without = await phase(dsp, dsp.lasting(8000));
  await dsp.apply(POLICY, POLICIES.whole);
  const after = await phase(dsp, dsp.lasting(8000));
  apps.bidders[0]!.become({});
  report.row(missedRow(without, after, quiet));
  report.row({
    what: "what bidders did for each bid request",
    expected: "at most 1.2 ×",
    measured: `${after.amplification.toFixed(3)} ×`,
    ok: after.amplification <= 1.2,
  });
}
