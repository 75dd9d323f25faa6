/** Users who stay on their side of a split from the first request on, also those whom nobody knows yet. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Fleet, startFleet } from "../support/fleet.ts";
import { expectShare, tally } from "../support/shares.ts";

const USERS = 400;

describe.each(["1.40.0", "1.37.0"])("Envoy %s", (version) => {
  let fleet: Fleet;

  beforeAll(async () => {
    fleet = await startFleet({ envoy: version, members: { old: { version: "v1" }, new: { version: "v2" } } });
  });

  afterAll(() => fleet.close());

  const split = (first: number, second: number, sticky: string): string =>
    `    - split: [{ subset: v1, weight: ${first} }, { subset: v2, weight: ${second} }]\n      sticky: ${sticky}\n`;

  interface Visit {
    readonly side: string;
    /** The cookie that the user has after it. */
    readonly cookie: string;
  }

  async function visit(cookie: string): Promise<Visit> {
    const { body, headers } = await fleet.send(cookie === "" ? {} : { headers: { cookie: `theme=dark; ${cookie}` } });
    const [given] = headers["set-cookie"] ?? [];
    return { side: body, cookie: given?.split(";")[0] ?? cookie };
  }

  async function visits(cookies: readonly string[]): Promise<readonly Visit[]> {
    const all: Visit[] = [];
    for (const cookie of cookies) all.push(await visit(cookie));
    return all;
  }

  const cookiesOf = (all: readonly Visit[]): readonly string[] => all.map(({ cookie }) => cookie);
  const sidesOf = (all: readonly Visit[]): readonly string[] => all.map(({ side }) => side);

  test("users without a cookie keep the side of their first request, through weight moves", async () => {
    const sticky = "{ cookie: side, ttl: 720h }";
    await fleet.apply(split(90, 10, sticky));
    const first = await visits(Array.from({ length: USERS }, () => ""));
    expect(new Set(cookiesOf(first)).size).toBe(USERS);
    expectShare(tally(sidesOf(first)), ["new"], 0.1);
    const second = await visits(cookiesOf(first));
    expect(second).toEqual(first);
    // 10 → 50: four tenths of all change sides, all of them from the old one. As other numbers of the same share.
    await fleet.apply(split(3, 3, sticky));
    const later = await visits(cookiesOf(first));
    expect(cookiesOf(later)).toEqual(cookiesOf(first));
    const moved = later.map(({ side }, user) => `${first[user]!.side} to ${side}`);
    expect(tally(moved).get("new to old")).toBeUndefined();
    expectShare(tally(moved), ["old to new"], 0.4);
    // And back: everybody is where they were.
    await fleet.apply(split(90, 10, sticky));
    expect(await visits(cookiesOf(first))).toEqual(first);
    await fleet.apply(split(0, 100, sticky));
    expect(tally(sidesOf(await visits(cookiesOf(first))))).toEqual(new Map([["new", USERS]]));
  });

  test("the cookie is given once, with its life and path, beside the application's own", async () => {
    await fleet.apply(split(50, 50, "{ cookie: side, ttl: 1h, path: /shop }"));
    const { headers } = await fleet.send();
    expect(headers["set-cookie"]).toEqual([
      expect.stringMatching(/^side=[0-9a-f-]{36}; Path=\/shop; Max-Age=3600; HttpOnly$/),
    ]);
    const cookie = headers["set-cookie"]![0]!.split(";")[0]!;
    expect((await fleet.send({ headers: { cookie } })).headers["set-cookie"]).toBeUndefined();
    expect((await fleet.send({ headers: { cookie: "side=" } })).headers["set-cookie"]).toHaveLength(1);
    await fleet.apply(split(50, 50, "{ cookie: side, ttl: 0s }"));
    expect((await fleet.send()).headers["set-cookie"]).toEqual([
      expect.stringMatching(/^side=[0-9a-f-]{36}; Path=\/; HttpOnly$/),
    ]);
  });

  test("without a ttl no cookie is given, and one of the application's own decides", async () => {
    await fleet.apply(split(50, 50, "{ cookie: user }"));
    const anonymous = await visits(Array.from({ length: 40 }, () => ""));
    expect(cookiesOf(anonymous).filter((cookie) => cookie !== "")).toEqual([]);
    expect(new Set(sidesOf(anonymous)).size).toBe(2);
    const known = Array.from({ length: 40 }, (_, user) => `user=${user}`);
    expect(await visits(known)).toEqual(await visits(known));
  });

  test.each(["{ header: x-user }", "{ query: user }"])(
    "%s: as other numbers of the same shares, nobody moves",
    async (sticky) => {
      const sides = async (): Promise<readonly string[]> => {
        const bodies: string[] = [];
        for (let user = 0; user < USERS; user++) {
          bodies.push((await fleet.send({ path: `/?user=${user}`, headers: { "x-user": String(user) } })).body);
        }
        return bodies;
      };
      await fleet.apply(split(7, 3, sticky));
      const before = await sides();
      expectShare(tally(before), ["new"], 0.3);
      await fleet.apply(split(700, 300, sticky));
      expect(await sides()).toEqual(before);
    },
  );
});
