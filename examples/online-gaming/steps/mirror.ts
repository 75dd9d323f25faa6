/** The next matchmaker is broken, which nobody knows yet: it is found out by copies instead of by players. */
import { quantile } from "../../harness/statistics.ts";
import { MATCHMAKING_POLICIES } from "../policy.ts";
import { ask } from "../players.ts";
import type { Arena } from "../system.ts";

/** Milliseconds until the next version fails. */
const STALL = 1000;

export async function mirror(arena: Arena): Promise<void> {
  const { report, apps } = arena;
  report.heading("A new matchmaker, which is broken: each match fails after a second");
  apps.matchmakers.next.breakDown(STALL);
  await arena.apply("matchmaker-policy.yaml", MATCHMAKING_POLICIES.tried);
  const tried = await ask(arena, arena.lasting(4000));
  await arena.apply("matchmaker-policy.yaml", MATCHMAKING_POLICIES.whole);
  const mirrored = await ask(arena, arena.lasting(4000));
  report.row({
    what: "tried on a quarter of the players: they fail",
    expected: "more than a tenth of all",
    measured: `${tried.failed} of ${tried.total}`,
    ok: tried.failed > tried.total / 10,
  });
  report.row({
    what: "with copies: players that fail",
    expected: "none",
    measured: `${mirrored.failed} of ${mirrored.total}`,
    ok: mirrored.failed === 0 && mirrored.total > 0,
    reason: mirrored.failures.join("\n"),
  });
  report.row({
    what: "the new one has seen",
    expected: "what players asked",
    measured: `${mirrored.reached.next} of ${mirrored.total}`,
    ok: mirrored.reached.next >= 0.95 * mirrored.total && mirrored.reached.next <= mirrored.total,
  });
  report.row({
    what: "players that waited for it",
    expected: "none",
    measured: `${mirrored.took.filter((ms) => ms >= STALL).length}; p99 ${quantile(mirrored.took, 0.99).toFixed(0)} ms`,
    ok: mirrored.took.length > 0 && mirrored.took.every((ms) => ms < STALL),
  });
}
