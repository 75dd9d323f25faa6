/** Matchmaking: finds a player a game, a few players at a time; some wait in line, and who finds the line full is sent away. */
import { createServer, type ServerResponse } from "node:http";

export interface Matchmaker {
  readonly name: string;
  /** Players that asked so far. */
  readonly asked: number;
  reset(): void;
  /** Milliseconds that a match takes from now on. */
  take(ms: number): void;
  /** From now on no match succeeds: after `ms` milliseconds there is an error. */
  breakDown(ms: number): void;
  close(): Promise<void>;
}

export interface MatchmakerOptions {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** Players that are worked on at once, those that may wait, and the milliseconds that each takes. */
  readonly atOnce: number;
  readonly line: number;
  readonly takes: number;
}

export async function startMatchmaker(options: MatchmakerOptions): Promise<Matchmaker> {
  const { name, address, port, atOnce, line: longest } = options;
  const answer = JSON.stringify({ matchmaker: name, lobby: "lobby:7000" });
  const line: ServerResponse[] = [];
  let { takes } = options;
  let status = 200;
  let asked = 0;
  let free = atOnce;

  function work(): void {
    while (free > 0) {
      const next = line.shift();
      if (next === undefined) return;
      if (next.destroyed) continue;
      free--;
      setTimeout(() => {
        free++;
        next.writeHead(status, { "content-type": "application/json" }).end(status === 200 ? answer : "broken");
        work();
      }, takes);
    }
  }

  const server = createServer((request, response) => {
    request.resume();
    asked++;
    if (line.length >= longest) {
      response.writeHead(503).end("too many players");
      return;
    }
    line.push(response);
    work();
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, address, resolve);
  });
  return {
    name,
    get asked() {
      return asked;
    },
    reset() {
      asked = 0;
    },
    take(ms) {
      takes = ms;
    },
    breakDown(ms) {
      takes = ms;
      status = 500;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

if (import.meta.main) {
  const { HOSTNAME = "matchmaker", PORT = "8080", AT_ONCE = "4", LINE = "20", TAKES_MS = "20" } = process.env;
  await startMatchmaker({
    name: HOSTNAME,
    address: "0.0.0.0",
    port: Number(PORT),
    atOnce: Number(AT_ONCE),
    line: Number(LINE),
    takes: Number(TAKES_MS),
  });
}
