/** Players are matched in their own region. */
import { MATCHMAKING_POLICIES } from "../policy.ts";
import { ask } from "../players.ts";
import type { Arena } from "../system.ts";

export async function closest(arena: Arena): Promise<void> {
  const { report } = arena;
  report.heading("Matchmaking: the players' own region");
  const before = await ask(arena, arena.lasting(4000));
  await arena.apply("matchmaker-policy.yaml", MATCHMAKING_POLICIES.whole);
  const after = await ask(arena, arena.lasting(4000));
  report.row({
    what: "without: players matched in the other region",
    expected: "about a quarter",
    measured: `${before.reached.east} of ${before.total}`,
    ok: before.reached.east > before.total / 10,
  });
  report.row({
    what: "with the policy",
    expected: "none, and none fails",
    measured: `${after.reached.east} of ${after.total}, ${after.failed} failed`,
    ok: after.reached.east === 0 && after.failed === 0 && after.total > 0,
    reason: after.failures.join("\n"),
  });
}
