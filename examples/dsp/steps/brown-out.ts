/** Every bidder fails: retries cannot help, and must not make it worse. */
import { phase } from "../measure.ts";
import { patient, patientWithoutBudget } from "../policy.ts";
import { type Dsp, POLICY } from "../system.ts";

/** Of one exchange: a budget is a share of what a sidecar has under way, so there must be something under way. */
const LOAD = { zones: ["a"], rate: 350 } as const;

export async function brownOut(dsp: Dsp): Promise<void> {
  const { report, apps } = dsp;
  report.heading("A brown-out: every bidder answers 503, after 40 ms");
  for (const bidder of apps.bidders) bidder.become({ thinking: 40, status: 503 });
  await dsp.apply(POLICY, patientWithoutBudget);
  const without = await phase(dsp, dsp.lasting(3000), LOAD);
  await dsp.apply(POLICY, patient);
  const after = await phase(dsp, dsp.lasting(3000), LOAD);
  for (const bidder of apps.bidders) bidder.become({});
  report.row({
    what: "retries without a budget: load on the bidders",
    expected: "about 2 ×",
    measured: `${without.amplification.toFixed(2)} ×`,
    ok: without.amplification > 1.6,
  });
  report.row({
    what: "with the budget",
    expected: "at most 1.2 ×",
    measured: `${after.amplification.toFixed(2)} ×`,
    ok: after.amplification <= 1.2 && after.amplification >= 1,
  });
}
