/** Of two matchmakers in the region the one with less to do is asked. */
import { send } from "../../harness/load.ts";
import { MATCHMAKING_POLICIES } from "../policy.ts";
import { type Arena, MATCH, MATCHMAKING } from "../system.ts";

/** Milliseconds that the slow one takes for a match. */
const SLOW = 60;
const ASKED = 300;
/** Players who ask again as soon as they have an answer. */
const AT_ONCE = 8;

export async function leastLoaded(arena: Arena): Promise<void> {
  const { report, apps } = arena;
  report.heading(`One matchmaker of the region takes ${SLOW} ms for a match, its neighbour ${MATCH} ms`);
  apps.matchmakers.west2.take(SLOW);
  await arena.apply("matchmaker-policy.yaml", MATCHMAKING_POLICIES.inTurn);
  const inTurn = await slowShare(arena);
  await arena.apply("matchmaker-policy.yaml", MATCHMAKING_POLICIES.unlimited);
  const least = await slowShare(arena);
  apps.matchmakers.west2.take(MATCH);
  await arena.apply("matchmaker-policy.yaml", MATCHMAKING_POLICIES.whole);
  report.row({
    what: "RoundRobin: players that the slow one gets",
    expected: "half",
    measured: `${Math.round(inTurn * 100)} %`,
    ok: inTurn > 0.45 && inTurn < 0.55,
  });
  report.row({
    what: "LeastRequest",
    expected: "less than two thirds of that",
    measured: `${Math.round(least * 100)} %`,
    ok: least < (inTurn * 2) / 3,
  });
}

async function slowShare({ apps: { matchmakers } }: Arena): Promise<number> {
  const { west1, west2 } = matchmakers;
  west1.reset();
  west2.reset();
  await send(MATCHMAKING, ASKED, AT_ONCE);
  return west2.asked / (west1.asked + west2.asked);
}
