/** While all is well, bids come from the exchange's own zone. */
import { calmest } from "../../harness/hold-ups.ts";
import { until } from "../../harness/wait.ts";
import { phase } from "../measure.ts";
import { told } from "../missed.ts";
import { POLICIES } from "../policy.ts";
import { type Dsp, POLICY } from "../system.ts";

export async function closest(dsp: Dsp): Promise<void> {
  const { report } = dsp;
  report.heading("The closest bidder: nothing crosses zones while the own zone is well");
  const before = await phase(dsp, dsp.lasting(3000), { zones: ["a"] });
  await dsp.apply(POLICY, POLICIES.whole);
  const after = await calmest(async () => {
    await well(dsp);
    return phase(dsp, dsp.lasting(3000), { zones: ["a"] });
  });
  report.row({
    what: "without: bids of zone a's exchange from zone b",
    expected: "about half",
    measured: `${before.served.b} of ${before.sent}`,
    ok: before.served.b > before.sent / 4,
  });
  report.row({
    what: "with the policy",
    expected: "none",
    measured: `${after.served.b} of ${after.sent}`,
    ok: after.served.b === 0 && after.served.a >= after.sent && after.sent > 0,
    reason: told(after),
  });
}

/** A machine that was held up may have made a bidder look ill: waits until zone a's exchange leaves none out. */
async function well(dsp: Dsp): Promise<void> {
  await until("no bidder is left out", 15_000, async () => {
    const flags = (await dsp.adminOf("exchange-a.ads", "/clusters")).match(/^outbound\|.*::health_flags::.*$/gm) ?? [];
    return flags.length > 0 && flags.every((line) => line.endsWith("::healthy"));
  });
}
