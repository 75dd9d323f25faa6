/** Driver assignment: gives a rider a driver, a few at a time; who comes when all are busy waits in line. */
import { createServer, type ServerResponse } from "node:http";

export interface Assignment {
  /** Rides assigned so far. */
  readonly assigned: number;
  reset(): void;
  close(): Promise<void>;
}

export interface AssignmentOptions {
  readonly address: string;
  readonly port: number;
  /** Rides that are worked on at once, and the milliseconds that each takes. */
  readonly atOnce: number;
  readonly takes: number;
}

export async function startAssignment({ address, port, atOnce, takes }: AssignmentOptions): Promise<Assignment> {
  let assigned = 0;
  let free = atOnce;
  const line: ServerResponse[] = [];

  function work(): void {
    while (free > 0) {
      const next = line.shift();
      if (next === undefined) return;
      if (next.destroyed) continue;
      free--;
      setTimeout(() => {
        free++;
        if (!next.destroyed) assigned++;
        next.end("assigned");
        work();
      }, takes);
    }
  }

  const server = createServer((request, response) => {
    request.resume();
    line.push(response);
    work();
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, address, resolve);
  });
  return {
    get assigned() {
      return assigned;
    },
    reset() {
      assigned = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

if (import.meta.main) {
  const { PORT = "8080", AT_ONCE = "10", TAKES_MS = "100" } = process.env;
  await startAssignment({ address: "0.0.0.0", port: Number(PORT), atOnce: Number(AT_ONCE), takes: Number(TAKES_MS) });
}
