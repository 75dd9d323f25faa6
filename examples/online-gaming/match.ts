/** Players of games, who send all the while. */
import { sleep, until } from "../harness/wait.ts";
import { joinGame, type Player } from "./apps/player.ts";
import { GAME } from "./system.ts";

export interface Match {
  readonly players: readonly Player[];
  /** Waits until every player was answered anew. */
  settled(): Promise<void>;
  /** Stops sending, and waits for answers that are on their way. */
  stop(): Promise<void>;
  leave(): void;
}

/** Milliseconds between two datagrams of a player. */
const TICK = 50;
/** Milliseconds that an answer may take. */
const LATE = 500;

/** @param prefix of the players' names */
export function startMatch(prefix: string, count: number): Match {
  const players = Array.from({ length: count }, (_, n) => joinGame({ ...GAME, name: `${prefix}-${n}` }));
  const timer = setInterval(() => {
    for (const player of players) player.send();
  }, TICK);
  return {
    players,
    async settled() {
      const before = players.map(({ answered }) => answered);
      await until("every player is answered", 5000, () =>
        players.every(({ answered }, i) => answered > before[i]! + 2),
      );
    },
    async stop() {
      clearInterval(timer);
      await sleep(LATE);
    },
    leave() {
      clearInterval(timer);
      for (const player of players) player.leave();
    },
  };
}

/** Players by the server that answered last. */
export function playersOf({ players }: Match, server: string): readonly Player[] {
  return players.filter(({ servers }) => servers.at(-1) === server);
}
