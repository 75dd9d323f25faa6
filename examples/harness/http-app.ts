/** A small HTTP application that keeps the ground truth: it counts what it served. */
import { createServer, type IncomingMessage } from "node:http";

export interface HttpApp {
  readonly name: string;
  /** Requests answered so far. */
  readonly served: number;
  /** From now on every answer has this status. */
  answerWith(status: number): void;
  /** Sets the counter back and returns what it was. */
  reset(): number;
  close(): Promise<void>;
}

export interface HttpAppOptions {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly onRequest?: (request: IncomingMessage) => void;
}

/** Starts an application that answers every request with its name. */
export async function startHttpApp({ name, address, port, onRequest }: HttpAppOptions): Promise<HttpApp> {
  let served = 0;
  let status = 200;
  const server = createServer((request, response) => {
    served++;
    onRequest?.(request);
    request.resume();
    response.writeHead(status, { "content-type": "text/plain", "x-app": name });
    response.end(name);
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, address, resolve);
  });
  return {
    name,
    get served() {
      return served;
    },
    answerWith(next) {
      status = next;
    },
    reset() {
      const before = served;
      served = 0;
      return before;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
