/** One player floods matchmaking; the others should not feel it. */
import { type Outcomes, startLoad } from "../../harness/load.ts";
import { MATCHMAKING_POLICIES } from "../policy.ts";
import { type Asked, ask } from "../players.ts";
import { type Arena, MATCHMAKING } from "../system.ts";

/** Requests a second of the flood; the region's matchmakers can do less than 200 together. */
const FLOOD = 300;
/** What the policy gives each player: requests a second, and at once. */
const LIMIT = 5;
const BURST = 10;

interface Flooded {
  readonly flood: Outcomes;
  readonly others: Asked;
  /** How long the flood lasted. */
  readonly seconds: number;
}

export async function flood(arena: Arena): Promise<void> {
  const { report } = arena;
  report.heading(`A player floods matchmaking with ${FLOOD} requests a second`);
  const ms = arena.lasting(4000);
  await arena.apply("matchmaker-policy.yaml", MATCHMAKING_POLICIES.unlimited);
  const without = await flooded(arena, ms);
  await arena.apply("matchmaker-policy.yaml", MATCHMAKING_POLICIES.whole);
  const { flood: limited, others, seconds } = await flooded(arena, ms);
  const most = Math.ceil(BURST + LIMIT * (seconds + 1));
  report.row({
    what: "without: the others' requests that fail",
    expected: "more than a fifth",
    measured: `${without.others.failed} of ${without.others.total}`,
    ok: without.others.failed > without.others.total / 5,
  });
  report.row({
    what: "with the limit by player",
    expected: "none",
    measured: `${others.failed} of ${others.total}`,
    ok: others.failed === 0 && others.total > 0,
    reason: others.failures.join("\n"),
  });
  report.row({
    what: "what the flood gets through",
    expected: `at most ${most}: ${LIMIT} a second, and ${BURST}`,
    measured: `${limited.total - limited.failed} of ${limited.total}`,
    ok: limited.total - limited.failed <= most && limited.failed > 0,
  });
}

async function flooded(arena: Arena, ms: number): Promise<Flooded> {
  const start = performance.now();
  const load = startLoad({ ...MATCHMAKING, headers: { "x-player": "flood" } }, FLOOD);
  const others = await ask(arena, ms);
  return { others, flood: await load.stop(), seconds: (performance.now() - start) / 1000 };
}
