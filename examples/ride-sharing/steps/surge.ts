/** A surge of rides hits driver assignment; riders who only ask for a price should not feel it. */
import { type Outcomes, startLoad } from "../../harness/load.ts";
import { sleep } from "../../harness/wait.ts";
import { policyOf } from "../policy.ts";
import { GATEWAY, type Rides } from "../system.ts";

const QUOTES = 50;
/** Rides a second; assignment can do 100. */
const RIDES = 200;

interface Surge {
  readonly quotes: Outcomes;
  /** Rides that got a driver. */
  readonly assigned: number;
}

export async function surge(rides: Rides): Promise<void> {
  const { report } = rides;
  report.heading(`A surge: ${RIDES} rides a second, where 100 can be assigned; and ${QUOTES} quotes`);
  const ms = rides.lasting(5000);
  const without = await surgeOf(rides, ms);
  await rides.apply("assignment-policy.yaml", policyOf("assignment-policy.yaml"));
  const after = await surgeOf(rides, ms);
  report.row({
    what: "without: quotes that fail for want of a worker",
    expected: "more than a third",
    measured: `${without.quotes.failed} of ${without.quotes.total}`,
    ok: without.quotes.failed > without.quotes.total / 3,
  });
  report.row({
    what: "with the circuit breaker on assignment",
    expected: "none",
    measured: `${after.quotes.failed} of ${after.quotes.total}`,
    ok: after.quotes.failed === 0 && after.quotes.total > 0,
    reason: after.quotes.failures.join("\n"),
  });
  report.row({
    what: "rides that get a driver all the same",
    expected: "no fewer than 0.8 × without",
    measured: `${without.assigned} → ${after.assigned}`,
    ok: after.assigned >= 0.8 * without.assigned,
  });
}

async function surgeOf({ apps }: Rides, ms: number): Promise<Surge> {
  const surging = startLoad({ ...GATEWAY, host: "gateway", path: "/ride" }, RIDES);
  await sleep(1000);
  apps.assignment.reset();
  const asking = startLoad({ ...GATEWAY, host: "gateway", path: "/quote" }, QUOTES);
  await sleep(ms);
  const quotes = await asking.stop();
  const { assigned } = apps.assignment;
  await surging.stop();
  return { quotes, assigned };
}
