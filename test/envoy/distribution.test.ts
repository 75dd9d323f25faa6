/** Shares of zones and regions, and bounded load, as real Envoys keep them. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Fleet, type FleetAnswer, startFleet } from "../support/fleet.ts";
import { expectShare, tally } from "../support/shares.ts";

const REQUESTS = 1000;

describe.each(["1.40.0", "1.37.0"])("Envoy %s", (version) => {
  let fleet: Fleet;

  beforeAll(async () => {
    fleet = await startFleet({
      envoy: version,
      zone: "a",
      members: {
        a1: { version: "v1", zone: "a" },
        a2: { version: "v1", zone: "a" },
        b1: { version: "v1", zone: "b" },
        s1: { version: "v2", zone: "c", region: "s" },
        s2: { version: "v2", zone: "d", region: "s" },
      },
    });
  });

  afterAll(() => fleet.close());

  async function answers(): Promise<ReadonlyMap<string, number>> {
    const bodies: string[] = [];
    for (let i = 0; i < REQUESTS / 20; i++) {
      const some = await Promise.all(Array.from({ length: 20 }, () => fleet.send()));
      bodies.push(...some.map(({ status, body }) => (status === 200 ? body : String(status))));
    }
    return tally(bodies);
  }

  test.each(["RoundRobin", "LeastRequest", "Random"])(
    "%s: zones and regions get the shares of the policy",
    async (policy) => {
      const distribute = `[{ from: q, to: [{ zone: d, weight: 1 }] }, { from: r/a, to: [{ zone: a, weight: 60 }, { zone: b, weight: 30 }, { region: s, weight: 10 }] }]`;
      await fleet.apply(`  loadBalancing: { policy: ${policy}, locality: { distribute: ${distribute} } }\n`);
      await fleet.settle();
      const by = await answers();
      expectShare(by, ["a1", "a2"], 0.6);
      expectShare(by, ["b1"], 0.3);
      expectShare(by, ["s1", "s2"], 0.1);
      // Endpoints of one place count alike.
      expectShare(new Map([...by].filter(([name]) => name.startsWith("a"))), ["a1"], 0.5);
    },
  );

  test("a place that is not named gets nothing, and a caller that is not named reaches all alike", async () => {
    await fleet.apply(`  loadBalancing: { locality: { distribute: [{ from: "*", to: [{ zone: b, weight: 1 }] }] } }\n`);
    await fleet.settle();
    expect(await answers()).toEqual(new Map([["b1", REQUESTS]]));
    await fleet.apply(
      `  loadBalancing: { policy: RoundRobin, locality: { distribute: [{ from: q, to: [{ zone: b, weight: 1 }] }] } }\n`,
    );
    await fleet.settle();
    const by = await answers();
    for (const name of ["a1", "a2", "b1", "s1", "s2"]) expectShare(by, [name], 0.2);
  });

  test("a zone without ready endpoints gives its share to the others", async () => {
    await fleet.apply(
      `  loadBalancing: { locality: { distribute: [{ from: r, to: [{ zone: a, weight: 90 }, { zone: b, weight: 10 }] }] } }\n`,
    );
    await fleet.set({ a1: "unready", a2: "unready" });
    try {
      expect(await answers()).toEqual(new Map([["b1", REQUESTS]]));
    } finally {
      await fleet.set({ a1: "ready", a2: "ready" });
    }
  });

  test.each(["RingHash", "Maglev"])("%s: no endpoint gets more than its bounded load", async (policy) => {
    const same = { headers: { "x-session": "one", "x-delay": "1500" } };
    // One after the other: what waits for a connection is not counted yet. All of them are under way at the end.
    const together = async (): Promise<ReadonlyMap<string, number>> => {
      const answers: Promise<FleetAnswer>[] = [];
      for (let i = 0; i < 60; i++) {
        answers.push(fleet.send(same));
        await new Promise((resolve) => setTimeout(resolve, 8));
      }
      return tally((await Promise.all(answers)).map(({ body }) => body));
    };
    await fleet.apply(`  loadBalancing: { policy: ${policy}, hashOn: { header: x-session } }\n`);
    expect((await together()).size).toBe(1);
    await fleet.apply(
      `  loadBalancing: { policy: ${policy}, hashOn: { header: x-session }, boundedLoad: { percent: 200 } }\n`,
    );
    const most = Math.max(...(await together()).values());
    // Twice the average of 12, and those that had to wait for a connection meanwhile. It would be all 60 without the bound, and
    // 12 if Envoy knew nothing of the average.
    expect(most).toBeLessThan(40);
    expect(most).toBeGreaterThan(18);
  });
});
