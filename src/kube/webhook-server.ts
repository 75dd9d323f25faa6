/** HTTPS for what the API server calls, with a certificate that is replaced while it serves. */
import { createServer, type Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { HeddleError, messageOf } from "../base/errors.ts";

export interface ServerCertificate {
  /** PEM, the leaf first. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
}

export interface WebhookServerOptions {
  readonly certificate: ServerCertificate;
  /** JSON in, JSON out, by path. What is thrown becomes an answer with status 500. */
  readonly routes: Readonly<Record<string, (body: unknown) => Promise<unknown>>>;
  readonly onError?: (error: unknown) => void;
  readonly limits?: Partial<WebhookLimits>;
}

/** In milliseconds. */
export interface WebhookLimits {
  /** From the first byte of a request to its last. The API server waits 30 s at most for all. */
  readonly request: number;
  /** From the connection to the end of its TLS handshake. */
  readonly handshake: number;
  /** Silence between two requests. Longer than the API server's 90 s: who closes must be the one who asks. */
  readonly idle: number;
}

export interface WebhookServer {
  /** @returns the port. @throws HeddleError WEBHOOK_LISTEN */
  listen(address: { readonly host: string; readonly port: number }): Promise<number>;
  /** The next connection sees the new certificate. */
  setCertificate(certificate: ServerCertificate): void;
  close(): Promise<void>;
}

/** Bytes of a review: an object of 1.5 MB twice, and more. */
const MAX_BODY = 8 * 1024 * 1024;
const LIMITS: WebhookLimits = { request: 30_000, handshake: 10_000, idle: 120_000 };
const MAX_CONNECTIONS = 1000;
/** Milliseconds that reviews under way get to be answered when the server closes. */
const GRACE = 1000;

export function createWebhookServer(options: WebhookServerOptions): WebhookServer {
  const { certificate, routes, onError = () => {} } = options;
  const limits = { ...LIMITS, ...options.limits };
  const settings = {
    ...contextOf(certificate),
    handshakeTimeout: limits.handshake,
    requestTimeout: limits.request,
    headersTimeout: limits.request,
    keepAliveTimeout: limits.idle,
    connectionsCheckingInterval: limits.request / 4,
  };
  const server = createServer(settings, (request, response) => {
    answer(request, response, routes).catch((error: unknown) => {
      onError(error);
      if (!response.headersSent) send(response, 500, { error: "the review failed; see the log of the control plane" });
      else response.destroy();
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  // Who does not read the answer.
  server.timeout = limits.request * 2;
  // All connections: the server's own list leaves out those that have not finished their handshake.
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  // What does not speak TLS, or trusts another CA, ends its own connection.
  server.on("tlsClientError", (_error, socket: Socket) => socket.destroy());
  return {
    listen: ({ host, port }) => listen(server, host, port),
    setCertificate: (next) => server.setSecureContext(contextOf(next)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        setTimeout(() => {
          for (const socket of sockets) socket.destroy();
        }, GRACE).unref();
      }),
  };
}

function contextOf({ certificate, key }: ServerCertificate) {
  return { cert: certificate, key, minVersion: "TLSv1.2" as const };
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.on("error", (cause) => {
      reject(new HeddleError("WEBHOOK_LISTEN", `cannot listen on ${host}:${port}: ${messageOf(cause)}`, { cause }));
    });
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  routes: WebhookServerOptions["routes"],
): Promise<void> {
  const path = (request.url ?? "/").split("?", 1)[0]!;
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (!route) return send(response, 404, { error: `nothing is served at ${path}` });
  if (request.method !== "POST") return send(response, 405, { error: "reviews are posted" });
  const text = await readBody(request);
  if (text === undefined) return send(response, 413, { error: `a review holds at most ${MAX_BODY} bytes` });
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return send(response, 400, { error: "the review is no JSON" });
  }
  send(response, 200, await route(body));
}

/** Undefined where it is too large: then all of it is read and dropped, since who is still sending does not read an answer. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) chunks.length = 0;
    else chunks.push(chunk);
  }
  return size > MAX_BODY ? undefined : Buffer.concat(chunks).toString();
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  // One review a connection: the API server keeps them otherwise, past the end of a pod that its Service has left already.
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    connection: "close",
  });
  response.end(text);
}
