/** Sessions of UDP through real Envoys: each stays with its endpoint while others come and go. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEFAULT_VERSION, OLDEST_VERSION } from "../../scripts/envoy.ts";
import { expectShare, tally } from "../support/shares.ts";
import { type Game, type Session, startGame } from "../support/udp-game.ts";

const SESSIONS = 50;

const play = (sessions: readonly Session[]): Promise<string[]> =>
  Promise.all(sessions.map((session) => session.play()));
const joinAll = (game: Game, from?: string): Promise<Session[]> =>
  Promise.all(Array.from({ length: SESSIONS }, () => game.join(from)));
/** Players who are somewhere else now, of those who were not on one of the servers. */
const moved = (before: readonly string[], after: readonly string[], ...except: readonly string[]): number =>
  after.filter((name, i) => name !== before[i] && !except.includes(before[i]!)).length;

describe.each([DEFAULT_VERSION, OLDEST_VERSION])("Envoy %s", (version) => {
  let game: Game;
  let sessions: readonly Session[];

  beforeAll(async () => {
    game = await startGame({
      envoy: version,
      servers: {
        a1: { zone: "a" },
        a2: { zone: "a" },
        a3: { zone: "a", condition: "absent" },
        a4: { zone: "a", condition: "absent" },
        b1: { zone: "b", condition: "absent" },
      },
    });
    sessions = await joinAll(game);
  });

  afterAll(() => game.close());

  test("sessions are divided evenly, and each stays where it is while endpoints are added", async () => {
    const before = await play(sessions);
    expect(tally(before)).toEqual(
      new Map([
        ["a1", SESSIONS / 2],
        ["a2", SESSIONS / 2],
      ]),
    );
    await game.set({ a3: "ready" });
    for (let i = 0; i < 10; i++) expect(await play(sessions)).toEqual(before);
    await game.set({ a4: "ready" });
    for (let i = 0; i < 10; i++) expect(await play(sessions)).toEqual(before);
    expect(new Set(await play(await joinAll(game)))).toEqual(new Set(["a1", "a2", "a3", "a4"]));
  });

  test("an endpoint that drains keeps its sessions and gets no new ones, until it is gone", async () => {
    const before = await play(sessions);
    await game.set({ a1: "draining" });
    expect(await play(sessions)).toEqual(before);
    const later = await joinAll(game);
    const others = await play(later);
    expect(others).not.toContain("a1");
    await game.set({ a1: "absent" });
    const after = await play(sessions);
    expect(after).not.toContain("a1");
    expect(moved(before, after, "a1")).toBe(0);
    expect(await play(later)).toEqual(others);
  });

  test("an endpoint that is not ready is left by its own sessions alone, which do not come back", async () => {
    const before = await play(sessions);
    await game.set({ a2: "unready" });
    const after = await play(sessions);
    expect(after).not.toContain("a2");
    expect(moved(before, after, "a2")).toBe(0);
    await game.set({ a1: "ready", a2: "ready" });
    expect(await play(sessions)).toEqual(after);
  });

  test("policies change no listener, and end no session but where they change how endpoints are chosen", async () => {
    const added = async (): Promise<unknown> => game.envoy.stats("listener_manager.listener_(added|modified|removed)");
    const listeners = await added();
    const started = async (): Promise<unknown> => game.envoy.stats("downstream_sess_total");
    const before = await play(sessions);
    const count = await started();
    expect(count).toEqual({
      "udp.outbound|7777/udp||game.play.downstream_sess_total": expect.any(Number),
    });
    for (const spec of [
      "    - { split: [{ subset: east }], timeout: 3s, retries: { attempts: 2 } }\n",
      "  connection: { connectTimeout: 1s }\n  outlierDetection: { consecutive5xx: 3 }\n",
      "  healthCheck: { tcp: {}, interval: 1s, timeout: 1s }\n",
      "  circuitBreaker: { maxRequests: 1, maxPendingRequests: 1 }\n",
      "  loadBalancing: { policy: RoundRobin }\n",
      `  loadBalancing: { locality: { distribute: [{ from: "*", to: [{ region: r, weight: 1 }] }] } }\n`,
      "  loadBalancing: { locality: { failover: true } }\n",
    ]) {
      await game.apply(spec);
      expect(await play(sessions), spec).toEqual(before);
      expect(await started(), spec).toEqual(count);
    }
    // Sessions begin anew, each of them on any server.
    await game.apply("  loadBalancing: { policy: Maglev, hashOn: { sourceIP: true } }\n");
    expect(new Set(await play(sessions)).size).toBeGreaterThan(1);
    expect(moved(before, await play(sessions))).toBeGreaterThan(0);
    expect(await added()).toEqual(listeners);
  });

  test("the own zone comes first, then the next one; what moved there stays", async () => {
    await game.apply("  loadBalancing: { locality: { failover: true } }\n");
    await game.set({ a3: "absent", a4: "absent", b1: "ready" });
    const near = await joinAll(game);
    expect(new Set(await play(near))).toEqual(new Set(["a1", "a2"]));
    for (const gone of ["unready", "absent"] as const) {
      await game.set({ a1: gone, a2: gone });
      expect(new Set(await play(near))).toEqual(new Set(["b1"]));
      await game.set({ a1: "ready", a2: "ready" });
      expect(new Set(await play(near))).toEqual(new Set(["b1"]));
      expect(new Set(await play(await joinAll(game)))).toEqual(new Set(["a1", "a2"]));
    }
  });

  test("zones get their shares of new sessions", async () => {
    await game.apply(
      `  loadBalancing: { locality: { distribute: [{ from: "*", to: [{ region: r, zone: a, weight: 80 }, { region: r, zone: b, weight: 20 }] }] } }\n`,
    );
    const before = await play(sessions);
    const names = await play(await joinAll(game));
    expectShare(tally(names), ["b1"], 0.2);
    expect(await play(sessions)).toEqual(before);
  });

  test("a policy limits how many sessions there are", async () => {
    await game.apply("  circuitBreaker: { maxConnections: 20 }\n");
    const answered = await Promise.allSettled((await joinAll(game)).map((session) => session.play()));
    expect(answered.filter(({ status }) => status === "fulfilled").length).toBe(20);
    await game.apply("");
  });

  test.each([1, 1501, 9001, 60_000])("datagrams of %i bytes go through", async (bytes) => {
    const [session] = sessions;
    expect((await session!.play(bytes)).length).toBe(Math.min(bytes, 2));
  });
});

describe.each([DEFAULT_VERSION, OLDEST_VERSION])("Envoy %s that listens for others, too", (version) => {
  let game: Game;

  beforeAll(async () => {
    game = await startGame({
      envoy: version,
      servers: { a1: { zone: "a" }, a2: { zone: "a" }, a3: { zone: "a" } },
      annotations: { "heddle.dev/outbound-address": "0.0.0.0" },
    });
  });

  afterAll(() => game.close());

  test("hashes sources: all sessions of one are on one endpoint, whatever the policy was before", async () => {
    await game.apply("  loadBalancing: { policy: Maglev, hashOn: { sourceIP: true } }\n");
    const found = new Map<string, string>();
    // With so many, that an endpoint gets none of them by chance is one case in a hundred thousand.
    for (let i = 1; i <= 40; i++) {
      const from = `127.0.9.${i}`;
      const names = new Set(await play(await joinAll(game, from)));
      expect(names.size).toBe(1);
      found.set(from, [...names].join());
    }
    expect(new Set(found.values()).size).toBe(3);
    await game.apply("  loadBalancing: { policy: RoundRobin }\n");
    await game.apply("  loadBalancing: { policy: Maglev, hashOn: { sourceIP: true } }\n");
    for (const [from, name] of found) expect(await (await game.join(from)).play()).toBe(name);
  });
});
