/** A region is cut off, and comes back. */
import { sleep } from "../../harness/wait.ts";
import { NO_POLICY } from "../../harness/policy-file.ts";
import { policyOf } from "../policy.ts";
import { type Asked, startRiders } from "../riders.ts";
import type { Rides } from "../system.ts";

/** Longest time until the region's own location service is used again, in milliseconds. */
const HOME = 20_000;

export async function region(rides: Rides): Promise<void> {
  const { report } = rides;
  report.heading("The location service of the riders' region is cut off: nothing answers");
  const ms = rides.lasting(5000);
  await rides.apply("location-policy.yaml", NO_POLICY);
  const without = { well: await ask(rides, ms / 2), cut: await cutOff(rides, ms) };
  await rides.apply("location-policy.yaml", policyOf("location-policy.yaml"));
  const after = { well: await ask(rides, ms / 2), cut: await cutOff(rides, ms) };
  const home = await homecoming(rides);
  report.row({
    what: "before: riders answered by the other region",
    expected: "about half → none",
    measured: `${without.well.east} of ${without.well.sent} → ${after.well.east} of ${after.well.sent}`,
    ok: without.well.east > 0.25 * without.well.sent && after.well.east === 0 && after.well.failed === 0,
  });
  report.row({
    what: "during: riders without an answer",
    expected: "≥ 20 × fewer",
    measured: `${without.cut.failed} of ${without.cut.sent} → ${after.cut.failed} of ${after.cut.sent}`,
    ok: without.cut.failed > 0.1 * without.cut.sent && after.cut.failed <= without.cut.failed / 20,
    reason: after.cut.failures.join("\n"),
  });
  report.row({
    what: "failing over: answers of the other region",
    expected: "≥ 9 of 10",
    measured: `${after.cut.east} of ${after.cut.sent}`,
    ok: after.cut.east >= 0.9 * after.cut.sent,
  });
  report.row({
    what: "it is back: riders answered by the other one",
    expected: "none again, none fails",
    measured: home ? `${home.east} of ${home.sent}, ${home.failed} failed` : "some, for 20 s",
    ok: home !== undefined && home.failed === 0,
  });
}

async function ask(rides: Rides, ms: number): Promise<Asked> {
  const riders = startRiders(rides.apps);
  await sleep(ms);
  return riders.stop();
}

async function cutOff(rides: Rides, ms: number): Promise<Asked> {
  const sidecar = rides.sidecars.get("location-west.rides")!;
  sidecar.freeze();
  const asked = await ask(rides, ms);
  sidecar.thaw();
  return asked;
}

/** The first second in which the other region had no part any more. */
async function homecoming(rides: Rides): Promise<Asked | undefined> {
  const end = performance.now() + HOME;
  while (performance.now() < end) {
    const asked = await ask(rides, 1000);
    if (asked.east === 0) return asked;
  }
  return undefined;
}
