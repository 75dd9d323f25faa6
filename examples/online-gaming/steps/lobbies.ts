/** Players wait in lobbies on TCP connections, while policies change and lobbies come. */
import { until } from "../../harness/wait.ts";
import { enterLobby, type Guest } from "../apps/guest.ts";
import { lobbyPolicy, MATCHMAKING_POLICIES, secondLobby } from "../policy.ts";
import { type Arena, LOBBY } from "../system.ts";

const GUESTS = 60;
const CHANGES = 5;

export async function lobbies(arena: Arena): Promise<void> {
  const { report } = arena;
  report.heading(`${GUESTS} players in lobbies, by TCP`);
  const strangers = await enter(GUESTS);
  const without = countIn(strangers, "lobby-east");
  for (const guest of strangers) guest.leave();
  await arena.apply("lobby-policy.yaml", lobbyPolicy);
  const guests = await enter(GUESTS);
  report.row({
    what: "players in the other region's lobby",
    expected: "about half → none",
    measured: `${without} of ${GUESTS} → ${countIn(guests, "lobby-east")} of ${GUESTS}`,
    ok: without > GUESTS / 4 && countIn(guests, "lobby-east") === 0,
  });
  await arena.apply("lobby-west-2.yaml", secondLobby);
  for (let change = 0; change < CHANGES; change++) {
    await arena.apply("matchmaker-policy.yaml", MATCHMAKING_POLICIES.tried);
    await arena.apply("matchmaker-policy.yaml", MATCHMAKING_POLICIES.whole);
  }
  for (const guest of guests) guest.say();
  await until("everybody who is there is heard", 5000, () => guests.every(({ gone, heard }) => gone || heard > 0));
  const lost = guests.filter(({ gone }) => gone).length;
  report.row({
    what: `after ${2 * CHANGES} changes of policies, and a new lobby`,
    expected: "every connection is open",
    measured: `${GUESTS - lost} of ${GUESTS}`,
    ok: lost === 0,
  });
  const late = await enter(GUESTS);
  report.row({
    what: "who comes now is in the new lobby",
    expected: "most, none far away",
    measured: `${countIn(late, "lobby-west-2")} of ${GUESTS}, ${countIn(late, "lobby-east")} in the east`,
    ok: countIn(late, "lobby-west-2") > GUESTS / 2 && countIn(late, "lobby-east") === 0,
  });
  for (const guest of [...guests, ...late]) guest.leave();
}

/** One after the other: of those who come at the same moment, each would choose before the others count. @returns when all are greeted */
async function enter(count: number): Promise<readonly Guest[]> {
  const guests: Guest[] = [];
  while (guests.length < count) {
    const guest = enterLobby(LOBBY);
    guests.push(guest);
    await until("a player is greeted", 10_000, () => guest.lobby !== undefined, 1);
  }
  return guests;
}

function countIn(guests: readonly Guest[], name: string): number {
  return guests.filter(({ lobby }) => lobby === name).length;
}
