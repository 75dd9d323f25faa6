/** Players who ask for a match, each by a name of their own. */
import { type Outcomes, startLoad } from "../harness/load.ts";
import { sleep } from "../harness/wait.ts";
import { type Apps, type Arena, MATCHMAKING } from "./system.ts";

const PLAYERS = 40;
/** Requests a second of all of them. */
const RATE = 40;

export interface Asked extends Outcomes {
  /** What reached each matchmaker, copies included. */
  readonly reached: Readonly<Record<keyof Apps["matchmakers"], number>>;
}

/** Players ask for `ms` milliseconds. @param rate requests a second of all players together */
export async function ask({ apps: { matchmakers } }: Arena, ms: number, rate = RATE): Promise<Asked> {
  for (const one of Object.values(matchmakers)) one.reset();
  const load = startLoad((n) => ({ ...MATCHMAKING, headers: { "x-player": `player-${n % PLAYERS}` } }), rate);
  await sleep(ms);
  const outcomes = await load.stop();
  const { west1, west2, east, next } = matchmakers;
  return { ...outcomes, reached: { west1: west1.asked, west2: west2.asked, east: east.asked, next: next.asked } };
}
