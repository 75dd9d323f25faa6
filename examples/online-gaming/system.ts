/** Who takes part: players of region west, matchmakers, lobbies and game servers in two regions, and a matchmaker that nobody has tried yet. */
import { join } from "node:path";
import type { Running, Step, System } from "../harness/run.ts";
import { type GameServer, startGameServer } from "./apps/game-server.ts";
import { type Lobby, startLobby } from "./apps/lobby.ts";
import { type Matchmaker, startMatchmaker } from "./apps/matchmaker.ts";

export interface Apps extends AsyncDisposable {
  readonly matchmakers: Readonly<Record<"west1" | "west2" | "east" | "next", Matchmaker>>;
  readonly lobbies: Readonly<Record<"west" | "east" | "west2", Lobby>>;
  readonly games: Readonly<Record<"west1" | "west2" | "east" | "west3", GameServer>>;
}

export type Arena = Running<Apps>;
export type ArenaStep = Step<Apps>;

/** Where the sidecar of the players' edge takes matchmaking and lobbies. */
export const MATCHMAKING = { address: "127.0.60.1", port: 15080, host: "matchmaker" } as const;
export const LOBBY = { address: "127.0.60.1", port: 7000 } as const;
/** Where it takes games' datagrams, and where a game server takes them itself. */
export const GAME = { address: "127.0.60.1", port: 9000 } as const;
export const GAME_DIRECT = { address: "127.0.60.31", port: 17777 } as const;
const POLICY_FILES = ["matchmaker-policy.yaml", "lobby-policy.yaml", "game-policy.yaml"] as const;
/** Who comes while players play. */
const LATE_FILES = ["lobby-west-2.yaml", "game-west-3.yaml"] as const;

/** Milliseconds that a match takes. */
export const MATCH = 10;

async function startApps(): Promise<Apps> {
  await using stack = new AsyncDisposableStack();
  const keep = <T extends { close(): Promise<void> }>(app: T): T => {
    stack.defer(() => app.close());
    return app;
  };
  const matchmaker = async (name: string, address: string): Promise<Matchmaker> =>
    keep(await startMatchmaker({ name, address, port: 8080, atOnce: 1, line: 20, takes: MATCH }));
  const lobby = async (name: string, address: string): Promise<Lobby> =>
    keep(await startLobby({ name, address, port: 17000 }));
  const game = async (name: string, address: string): Promise<GameServer> =>
    keep(await startGameServer({ name, address, port: GAME_DIRECT.port }));
  const apps = {
    games: {
      west1: await game("game-west-1", "127.0.60.31"),
      west2: await game("game-west-2", "127.0.60.32"),
      east: await game("game-east", "127.0.60.33"),
      west3: await game("game-west-3", "127.0.60.34"),
    },
    matchmakers: {
      west1: await matchmaker("matchmaker-west-1", "127.0.61.11"),
      west2: await matchmaker("matchmaker-west-2", "127.0.61.12"),
      east: await matchmaker("matchmaker-east", "127.0.61.13"),
      next: await matchmaker("matchmaker-next", "127.0.61.14"),
    },
    lobbies: {
      west: await lobby("lobby-west", "127.0.61.21"),
      east: await lobby("lobby-east", "127.0.61.22"),
      west2: await lobby("lobby-west-2", "127.0.60.23"),
    },
  };
  const running = stack.move();
  return { ...apps, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

const PODS = [
  "edge",
  "matchmaker-west-1",
  "matchmaker-west-2",
  "matchmaker-east",
  "matchmaker-next",
  "lobby-west",
  "lobby-east",
];

export const onlineGaming: System<Apps> = {
  manifests: join(import.meta.dirname, "manifests"),
  without: [...POLICY_FILES, ...LATE_FILES],
  xds: "127.0.60.100:18000",
  admin: "127.0.60.100:18001",
  sidecars: PODS.map((pod) => `${pod}.games`),
  firstAdminPort: 18410,
  startApps,
};
