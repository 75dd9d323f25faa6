/** A phase of auctions in both zones, counted at both ends: what the exchanges got, and what the bidders did for it. */
import { watchHoldUps } from "../harness/hold-ups.ts";
import { sleep } from "../harness/wait.ts";
import { DEADLINE, type Dsp } from "./system.ts";

/** Bid requests a second of each exchange. */
const RATE = 100;

export interface Phase {
  readonly sent: number;
  /** Without those that the machine held up. */
  readonly missed: number;
  readonly heldUp: number;
  /** How long the machine held up the demo, in milliseconds. */
  readonly heldUpMs: number;
  /** Requests that bidders took, retries included, for each request of an exchange. */
  readonly amplification: number;
  /** Requests that bidders took, by zone. */
  readonly served: Readonly<Record<"a" | "b", number>>;
  /** Requests that bidders took, by name. */
  readonly byBidder: ReadonlyMap<string, number>;
  /** When each request was sent that was missed, by `performance.now()`. */
  readonly missedAt: readonly number[];
  /** What the missed got instead of a bid, in words. */
  readonly reasons: string;
}

export interface PhaseOptions {
  /** Exchanges that take part; both by default. */
  readonly zones?: readonly ("a" | "b")[];
  readonly rate?: number;
  /** What happens meanwhile. The phase lasts as long as this, and at least `ms`. */
  readonly meanwhile?: () => Promise<void>;
}

/** Auctions for `ms` milliseconds. The counters of the bidders begin at 0. */
export async function phase({ apps }: Dsp, ms: number, options: PhaseOptions = {}): Promise<Phase> {
  const { zones = ["a", "b"], rate = RATE, meanwhile } = options;
  for (const bidder of apps.bidders) bidder.reset();
  const holdUps = watchHoldUps();
  const running = zones.map((zone) => apps.exchanges[zone].start(rate));
  await Promise.all([sleep(ms), meanwhile?.()]);
  const auctions = await Promise.all(running.map((one) => one.stop()));
  holdUps.stop();
  const allMissed = auctions.flatMap((one) => one.missedAt).toSorted((a, b) => a - b);
  const missedAt = allMissed.filter((at) => !holdUps.during(at, at + DEADLINE));
  const sent = sum(auctions.map((one) => one.sent));
  const byBidder = new Map(apps.bidders.map(({ name, served }) => [name, served]));
  const inZone = (zone: "a" | "b"): number =>
    sum(apps.bidders.filter((bidder) => bidder.zone === zone).map(({ served }) => served));
  const reasons = auctions.flatMap((one) => [...one.reasons].map(([reason, count]) => `${count} × ${reason}`));
  return {
    sent,
    missed: missedAt.length,
    heldUpMs: holdUps.total,
    heldUp: allMissed.length - missedAt.length,
    amplification: sum([...byBidder.values()]) / sent,
    served: { a: inZone("a"), b: inZone("b") },
    byBidder,
    missedAt,
    reasons: reasons.join(", "),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
