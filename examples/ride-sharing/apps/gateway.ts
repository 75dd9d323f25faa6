/**
 * The riders' gateway: GET /quote asks pricing, POST /ride asks driver assignment. It has a limited number of workers, as programs
 * with a thread a request have; a request that finds none free is turned away.
 */
import { Agent, createServer, request } from "node:http";

export interface GatewayOptions {
  readonly address: string;
  readonly port: number;
  readonly workers: number;
  /** Where its calls to other services go, with the service's name as host header; by default to the service itself. */
  readonly upstream?: { readonly address: string; readonly port: number };
}

export interface Gateway {
  close(): Promise<void>;
}

/** A worker gives up a call after this, in milliseconds. */
const PATIENCE = 5000;

export async function startGateway({ address, port, workers, upstream }: GatewayOptions): Promise<Gateway> {
  const agent = new Agent({ keepAlive: true });
  let free = workers;

  function call(host: string, path: string): Promise<number> {
    return new Promise((resolve) => {
      const options = {
        agent,
        host: upstream?.address ?? host,
        port: upstream?.port ?? 80,
        path,
        headers: { host },
        timeout: PATIENCE,
      };
      const going = request(options, (response) => {
        response.resume();
        response.on("end", () => resolve(response.statusCode ?? 502));
        response.on("error", () => resolve(502));
      });
      going.on("timeout", () => going.destroy());
      going.on("error", () => resolve(502));
      going.end();
    });
  }

  const server = createServer((incoming, response) => {
    incoming.resume();
    if (free === 0) return void response.writeHead(503).end("no worker is free");
    free--;
    const ride = incoming.url === "/ride";
    void call(ride ? "assignment" : "pricing", incoming.url ?? "/").then((status) => {
      free++;
      response.writeHead(status).end(ride ? "ride" : "quote");
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, address, resolve);
  });
  return {
    close: () =>
      new Promise((resolve) => {
        agent.destroy();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

if (import.meta.main) {
  const { PORT = "8080", WORKERS = "40" } = process.env;
  await startGateway({ address: "0.0.0.0", port: Number(PORT), workers: Number(WORKERS) });
}
