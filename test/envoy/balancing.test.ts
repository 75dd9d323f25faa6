/** Splits by the thousandth, and every way to choose an endpoint, counted at the endpoints. */
import type { RequestOptions } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Fleet, SPARE_WEB_PORT, startFleet } from "../support/fleet.ts";
import { expectShare, tally } from "../support/shares.ts";

const KEYS = 120;
const MEMBERS = ["a", "b", "c", "d"];

describe.each(["1.40.0", "1.37.0"])("Envoy %s", (version) => {
  let fleet: Fleet;

  beforeAll(async () => {
    const [old, canary, spare] = [{ version: "v1" }, { version: "v2" }, { version: "v3" }];
    fleet = await startFleet({ envoy: version, members: { a: old, b: old, c: canary, d: spare } });
  });

  afterAll(() => fleet.close());

  async function answers(
    count: number,
    options: (index: number) => RequestOptions = () => ({}),
  ): Promise<readonly string[]> {
    const bodies: string[] = [];
    while (bodies.length < count) {
      const from = bodies.length;
      const some = Array.from({ length: Math.min(20, count - from) }, (_, i) => fleet.send(options(from + i)));
      bodies.push(...(await Promise.all(some)).map(({ status, body }) => (status === 200 ? body : String(status))));
    }
    return bodies;
  }

  test("requests are split by the thousandth, also to another service and port", async () => {
    const weights = `[{ subset: v1, weight: 891 }, { subset: v2, weight: 9 }, { service: spare, port: ${SPARE_WEB_PORT}, weight: 100 }]`;
    await fleet.apply(`    - split: ${weights}\n`);
    const by = tally(await answers(4000));
    expectShare(by, ["a", "b"], 0.891);
    expectShare(by, ["c"], 0.009);
    expectShare(by, ["d"], 0.1);
  });

  test.each(["RoundRobin", "LeastRequest", "Random"])("%s: all endpoints get the same share", async (policy) => {
    await fleet.apply(`  loadBalancing: { policy: ${policy} }\n`);
    const by = tally(await answers(1000));
    for (const name of MEMBERS) expectShare(by, [name], 0.25);
  });

  const keys: readonly (readonly [name: string, hashOn: string, options: (index: number) => RequestOptions])[] = [
    ["a header", "{ header: x-user }", (i) => ({ headers: { "x-user": `user-${i}` } })],
    ["a cookie", "{ cookie: user }", (i) => ({ headers: { cookie: `theme=dark; user=user-${i}` } })],
    ["a query parameter", "{ query: doc }", (i) => ({ path: `/?a=1&doc=doc-${i}` })],
    ["the source address", "{ sourceIP: true }", (i) => ({ localAddress: `127.0.3.${i + 1}` })],
  ];
  const hashing = ["RingHash", "Maglev"].flatMap((policy) =>
    keys.map(([name, ...rest]) => [policy, name, ...rest] as const),
  );

  test.each(hashing)("%s on %s: a key has one endpoint, and comes back to it", async (policy, _, hashOn, options) => {
    await fleet.set({ a: "ready" });
    await fleet.apply(`  loadBalancing: { policy: ${policy}, hashOn: ${hashOn} }\n`);
    const before = await answers(KEYS, options);
    // By so many keys it is all but certain that each of four endpoints is somebody's.
    expect(new Set(before)).toEqual(new Set(MEMBERS));
    expect(await answers(KEYS, options)).toEqual(before);
    await fleet.set({ a: "absent" });
    const after = await answers(KEYS, options);
    expect(after).not.toContain("a");
    const moved = after.filter((name, key) => before[key] !== "a" && before[key] !== name).length;
    // Of the others about a quarter, since what is left takes more places in a ring or table of one size; plain modulo would move two
    // thirds. The bound is four standard deviations from both, whichever ports the endpoints have.
    expect(moved).toBeLessThan(KEYS * 0.35);
    await fleet.set({ a: "ready" });
    expect(await answers(KEYS, options)).toEqual(before);
  });
});
