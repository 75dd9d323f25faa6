/** What goes wrong every week: a bidder is slow, a zone is gone. */
import { missedRow } from "../missed.ts";
import type { Dsp } from "../system.ts";
import { slowBidder } from "./slow-bidder.ts";
import { zone } from "./zone.ts";

export async function deadlines(dsp: Dsp): Promise<void> {
  const compared = [await slowBidder(dsp), await zone(dsp)];
  dsp.report.row(missedRow("both together: deadlines missed", 20, compared));
}
