import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Clock } from "../../src/base/clock.ts";
import { type Election, startElection } from "../../src/kube/lease.ts";
import { type ManualClock, manualClock } from "../support/manual-clock.ts";
import { FINE, type Fate, type LeaseStore, leaseStore } from "./lease-store.ts";

const TIMING = { duration: 1500, deadline: 1000, retry: 200 };

async function pass(clock: ManualClock, time: number): Promise<void> {
  for (let passed = 0; passed < time; passed += 20) {
    clock.advance(20);
    for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A clock that shows another time, and goes faster or slower. */
function skewed(clock: Clock, offset: number, rate: number): Clock {
  return { now: () => offset + clock.now() * rate, after: (delay, run) => clock.after(delay / rate, run) };
}

interface Elector {
  readonly name: string;
  readonly election: Election;
  readonly errors: unknown[];
  fate: () => Fate;
}

/** Electors on one lease, and who of them leads: never two. */
function setUp(clocks: (clock: ManualClock) => readonly Clock[]) {
  const clock = manualClock();
  const store: LeaseStore = leaseStore(clock);
  const leaders = new Set<string>();
  const history: string[] = [];
  const electors = clocks(clock).map((own, index): Elector => {
    const name = `heddle-${index}`;
    const errors: unknown[] = [];
    const settings = { fate: () => FINE };
    const election = startElection({
      client: store.client(() => settings.fate()),
      namespace: "heddle-system",
      name: "heddle-leader",
      identity: name,
      clock: own,
      random: () => index / 3,
      timing: TIMING,
      onChange(leading) {
        if (leading) leaders.add(name);
        else leaders.delete(name);
        history.push(leaders.size > 1 ? `two lead: ${[...leaders].join()}` : `${leading ? "+" : "-"}${name}`);
      },
      onError: (error) => void errors.push(error),
    });
    return Object.assign(settings, { name, election, errors });
  });
  return { clock, store, leaders, history, electors };
}

const fate: fc.Arbitrary<Fate> = fc.record({
  there: fc.oneof(fc.constant(0), fc.nat(400), fc.nat(4000)),
  back: fc.oneof(fc.constant(0), fc.nat(400), fc.nat(4000)),
  end: fc.oneof(
    { weight: 6, arbitrary: fc.constant("answered" as const) },
    { weight: 4, arbitrary: fc.constantFrom("lost" as const, "answer lost" as const, "refused" as const) },
  ),
});

const chaos = fc.record({
  clocks: fc.array(fc.record({ offset: fc.nat(1_000_000), rate: fc.double({ min: 0.9, max: 1.1, noNaN: true }) }), {
    minLength: 2,
    maxLength: 3,
  }),
  fates: fc.array(fate, { minLength: 1, maxLength: 60 }),
  /** Milliseconds until somebody leaves, and how many did not even say so. */
  leaves: fc.option(fc.nat(8000)),
  hangs: fc.boolean(),
});

describe("an election", () => {
  test("never has two leaders, whatever the network and the clocks do, and has one when all is well again", () =>
    fc.assert(
      fc.asyncProperty(chaos, async ({ clocks, fates, leaves, hangs }) => {
        const { clock, leaders, history, electors } = setUp((time) =>
          clocks.map(({ offset, rate }) => skewed(time, offset, rate)),
        );
        let next = 0;
        for (const elector of electors) elector.fate = () => fates[next++ % fates.length]!;
        await pass(clock, leaves ?? 8000);
        if (leaves !== null) {
          if (hangs) electors[0]!.fate = () => ({ there: 0, back: 0, end: "hangs" });
          else void electors[0]!.election.close();
        }
        await pass(clock, 6000);
        for (const elector of leaves === null ? electors : electors.slice(1)) elector.fate = () => FINE;
        // What is still under way, a whole lease and a try: each 10 % late.
        await pass(clock, 9000 + 2200);
        expect(history.filter((entry) => entry.startsWith("two"))).toEqual([]);
        expect(leaders.size).toBe(1);
        expect(electors.filter(({ election }) => election.leading).map(({ name }) => name)).toEqual([...leaders]);
      }),
      { numRuns: 150 },
    ));

  test("a holder that cannot renew stops leading before another may take over", async () => {
    const { clock, history, electors } = setUp((time) => [time, time]);
    await pass(clock, 500);
    expect(history).toEqual(["+heddle-0"]);
    electors[0]!.fate = () => ({ there: 0, back: 0, end: "hangs" });
    const lost = clock.now();
    let stopped = 0;
    while (history.length < 3) {
      await pass(clock, 20);
      if (history.length === 2 && stopped === 0) stopped = clock.now() - lost;
    }
    expect(history).toEqual(["+heddle-0", "-heddle-0", "+heddle-1"]);
    expect(stopped).toBeLessThanOrEqual(TIMING.deadline);
    expect(clock.now() - lost).toBeLessThanOrEqual(TIMING.duration + 2.5 * TIMING.retry);
    expect(electors[0]!.errors).toMatchObject([
      { message: "lease heddle-system/heddle-leader could not be renewed in time" },
    ]);
  });

  test("an answer that comes too late makes nobody lead", async () => {
    const { clock, history, electors } = setUp((time) => [time, time]);
    // Nobody has it yet; the first takes it, and learns of it when the second has it already.
    electors[0]!.fate = () => ({ there: 0, back: 4000, end: "answered" });
    await pass(clock, 12_000);
    expect(history).toEqual(["+heddle-1"]);
  });

  test("closing gives the lease back, and the next one leads at its next try", async () => {
    const { clock, store, history, electors } = setUp((time) => [time, time]);
    await pass(clock, 500);
    await electors[0]!.election.close();
    expect(store.lease?.["spec"]).toMatchObject({ holderIdentity: "" });
    await pass(clock, TIMING.retry * 1.2);
    expect(history).toEqual(["+heddle-0", "-heddle-0", "+heddle-1"]);
    expect(store.lease?.["spec"]).toMatchObject({ holderIdentity: "heddle-1", leaseTransitions: 2 });
  });

  test("closing does not wait for a try that hangs, stops leading at once, and gives back what the try took", async () => {
    const { clock, store, history, electors } = setUp((time) => [time]);
    let calls = 0;
    electors[0]!.fate = () => (++calls === 1 ? { there: 0, back: 0, end: "hangs" } : FINE);
    await pass(clock, 100);
    expect(store.lease?.["spec"]).toMatchObject({ holderIdentity: "heddle-0" });
    await electors[0]!.election.close();
    expect(store.lease?.["spec"]).toMatchObject({ holderIdentity: "" });
    expect([history, electors[0]!.errors]).toEqual([[], []]);
  });

  test("who does not lead leaves the lease alone when it closes", async () => {
    const { clock, store, electors } = setUp((time) => [time, time]);
    await pass(clock, 500);
    const before = store.lease;
    electors[0]!.fate = () => ({ there: 0, back: 0, end: "lost" });
    await electors[1]!.election.close();
    expect(store.lease).toBe(before);
  });
});
