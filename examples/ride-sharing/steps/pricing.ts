/** Version 2 of the pricing algorithm: by share, and by city. */
import { send } from "../../harness/load.ts";
import { fitsShare } from "../../harness/statistics.ts";
import { canary } from "../policy.ts";
import { OUTBOUND, type Rides } from "../system.ts";

const QUOTES = 1000;

export async function pricing(rides: Rides): Promise<void> {
  const { report } = rides;
  report.heading("Pricing v2: a canary by share, and an A/B test by city");
  const without = await quotes(rides, "porto");
  report.row({
    what: "without a policy: v2 prices",
    expected: "as many as v1, Porto or Lisbon",
    measured: `${without.v2} of ${without.sent}`,
    ok: without.failed === 0 && without.v2 > 0.4 * without.sent,
  });
  for (const share of [10, 50]) {
    await rides.apply("pricing-policy.yaml", canary(share));
    const porto = await quotes(rides, "porto");
    report.row({
      what: `canary ${100 - share}/${share}, outside Lisbon`,
      expected: `${share} % to v2 within 3σ`,
      measured: `${porto.v2} of ${porto.sent}, ${porto.failed} failed`,
      ok: porto.failed === 0 && fitsShare(porto.v2, porto.sent, share / 100),
    });
  }
  const lisbon = await quotes(rides, "lisbon");
  report.row({
    what: "A/B test: Lisbon is priced by v2",
    expected: "all, whatever the canary",
    measured: `${lisbon.v2} of ${lisbon.sent}, ${lisbon.failed} failed`,
    ok: lisbon.failed === 0 && lisbon.v2 === lisbon.sent,
  });
}

/** Asks for quotes in a city; what was sent and failed, and what version 2 counted. */
async function quotes({ apps }: Rides, city: string): Promise<{ sent: number; failed: number; v2: number }> {
  apps.pricing.v2.reset();
  const { total, failed } = await send({ ...OUTBOUND, host: "pricing", headers: { "x-city": city } }, QUOTES);
  return { sent: total, failed, v2: apps.pricing.v2.served };
}
