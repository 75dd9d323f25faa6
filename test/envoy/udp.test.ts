/** Sessions of UDP through real Envoys: each stays with its endpoint while others come and go. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEFAULT_VERSION, OLDEST_VERSION } from "../../scripts/envoy.ts";
import { type Game, type Session, startGame } from "../support/udp-game.ts";
import { tally } from "../support/shares.ts";

const SESSIONS = 50;

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
    sessions = await Promise.all(Array.from({ length: SESSIONS }, () => game.join()));
  });

  afterAll(() => game.close());

  const play = (): Promise<string[]> => Promise.all(sessions.map((session) => session.play()));

  test("sessions are divided evenly, and each stays where it is while endpoints are added", async () => {
    const before = await play();
    expect(tally(before)).toEqual(
      new Map([
        ["a1", 25],
        ["a2", 25],
      ]),
    );
    await game.set({ a3: "ready", a4: "ready" });
    for (let i = 0; i < 20; i++) expect(await play()).toEqual(before);
    const later = await game.join();
    expect(["a1", "a2", "a3", "a4"]).toContain(await later.play());
  });

  test("an endpoint that goes takes only its own sessions with it", async () => {
    const before = await play();
    await game.set({ a1: "absent" });
    const after = await play();
    expect(after).not.toContain("a1");
    expect(after.filter((name, i) => before[i] !== "a1" && name !== before[i])).toEqual([]);
  });
});
