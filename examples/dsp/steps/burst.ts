/** A spike of bid requests: what is too much is refused at once, at the caller's side, instead of piling up at the bidders. */
import { patient, POLICIES } from "../policy.ts";
import { type Dsp, POLICY } from "../system.ts";

const BURST = 400;
/** `circuitBreaker.maxRequests` of the policy. */
const LIMIT = 60;

export async function burst(dsp: Dsp): Promise<void> {
  const { report } = dsp;
  report.heading(`A spike: ${BURST} bid requests at once`);
  await dsp.apply(POLICY, POLICIES.none);
  const without = await pile(dsp);
  await dsp.apply(POLICY, patient);
  const after = await pile(dsp);
  report.row({
    what: "without: in work at the bidders at once",
    expected: `far more than ${LIMIT}`,
    measured: `${without.atOnce}`,
    ok: without.atOnce > 2 * LIMIT,
  });
  report.row({
    what: "with the circuit breaker",
    expected: `at most ${LIMIT}, the rest refused`,
    measured: `${after.atOnce} at once, ${after.refused} refused`,
    ok: after.atOnce <= LIMIT && after.refused > 0 && after.served + after.refused >= BURST,
  });
}

interface Pile {
  /** The most that was in work at once, over all bidders. */
  readonly atOnce: number;
  readonly served: number;
  readonly refused: number;
}

async function pile({ apps }: Dsp): Promise<Pile> {
  for (const bidder of apps.bidders) {
    bidder.become({ thinking: 300 });
    bidder.reset();
  }
  apps.work.most = apps.work.now;
  const { reasons } = await apps.exchanges.a.burst(BURST);
  const served = apps.bidders.reduce((total, bidder) => total + bidder.served, 0);
  for (const bidder of apps.bidders) bidder.become({});
  return { atOnce: apps.work.most, served, refused: reasons.get("503") ?? 0 };
}
