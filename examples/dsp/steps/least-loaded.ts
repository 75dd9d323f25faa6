/** A bidder that is slower than its neighbour gets less to do. */
import { phase, type Phase } from "../measure.ts";
import { patient, patientInTurn, POLICIES } from "../policy.ts";
import { type Dsp, POLICY } from "../system.ts";

const SLOW = "bidder-a1";

export async function leastLoaded(dsp: Dsp): Promise<void> {
  const { report, apps } = dsp;
  report.heading("The least loaded bidder: one needs 60 ms for a bid, its neighbour 4 ms");
  apps.bidders.find(({ name }) => name === SLOW)!.become({ thinking: 60 });
  const zones = ["a"] as const;
  await dsp.apply(POLICY, patientInTurn);
  const inTurn = await phase(dsp, dsp.lasting(3000), { zones, rate: 150 });
  await dsp.apply(POLICY, patient);
  const byLoad = await phase(dsp, dsp.lasting(3000), { zones, rate: 150 });
  for (const bidder of apps.bidders) bidder.become({});
  await dsp.apply(POLICY, POLICIES.whole);
  report.row({
    what: "RoundRobin: the slow bidder's share",
    expected: "half",
    measured: `${percent(inTurn)} %`,
    ok: Math.abs(percent(inTurn) - 50) <= 5,
  });
  report.row({
    what: "LeastRequest",
    expected: "less than two thirds of that",
    measured: `${percent(byLoad)} %`,
    ok: percent(byLoad) < (percent(inTurn) * 2) / 3,
  });
}

/** The slow bidder's share of what its zone served, in whole percent. */
function percent({ byBidder, served }: Phase): number {
  return Math.round((100 * (byBidder.get(SLOW) ?? 0)) / served.a);
}
