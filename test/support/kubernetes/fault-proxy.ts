/** A way to an API server on which things go wrong when a test says so. */
import { rmSync, writeFileSync } from "node:fs";
import { Agent, createServer, request as requestTls } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { join } from "node:path";
import { selfSigned } from "../self-signed.ts";
import type { ApiServer } from "./api-server.ts";
import { workFolder } from "./work-folder.ts";

export type RequestKind = "list" | "continue" | "watch" | "get" | "write";

/** What happens to a request instead of being passed on; a delay, in milliseconds, comes before it is. */
export type Fault =
  | { readonly refuse: number; readonly reason?: string; readonly retryAfter?: number }
  | { readonly hang: true }
  | { readonly delay: number };

export type Target = Pick<ApiServer, "url" | "ca" | "token">;

export interface FaultProxy {
  /** Clients of the proxy need no credentials: it adds those of its target. */
  readonly kubeconfigPath: string;
  /** Requests since the start. */
  readonly counts: Readonly<Record<RequestKind, number>>;
  /** Watches that are open now. */
  readonly watches: number;
  /** Requests of these kinds meet the fault until `heal`. */
  fault(kinds: readonly RequestKind[], fault: Fault): void;
  heal(): void;
  /** Open watches end by TCP RST. */
  resetWatches(): void;
  /** Open watches receive nothing any more, and are not ended. */
  freezeWatches(): void;
  /** Open watches are told that their version is too old. */
  expireWatches(): void;
  /** Open watches receive half an event, and then the end. */
  cutWatches(): void;
  /** Open watches receive a line that is no event, and go on. */
  garbleWatches(): void;
  /** Refuses connections and ends those there are. */
  down(): Promise<void>;
  up(): Promise<void>;
  /** From now on another API server is behind it; open connections are reset. */
  pointTo(target: Target): void;
  close(): Promise<void>;
}

export interface FaultProxyOptions {
  /** Objects a page at most, as of an API server that gives less than it is asked for. */
  readonly pageSize?: number;
}

interface OpenWatch {
  readonly response: ServerResponse;
  readonly upstream: IncomingMessage;
  /** Nothing more is passed on. */
  over: boolean;
}

const NAME = "proxy.heddle.test";
const EXPIRED = {
  kind: "Status",
  status: "Failure",
  code: 410,
  reason: "Expired",
  message: "too old resource version",
};
const HALF_EVENT = '{"type":"ADDED","object":{"kind":"ConfigMap","metadata":{"name":"ha';

export async function startFaultProxy(first: Target, { pageSize }: FaultProxyOptions = {}): Promise<FaultProxy> {
  const folder = workFolder("heddle-proxy");
  const { certificate, key } = selfSigned(NAME);
  const counts: Record<RequestKind, number> = { list: 0, continue: 0, watch: 0, get: 0, write: 0 };
  const faults = new Map<RequestKind, Fault>();
  const watches = new Set<OpenWatch>();
  const sockets = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();
  let target = first;
  let agent = new Agent({ keepAlive: true });

  const server = createServer({ cert: certificate, key }, (request, response) => {
    const kind = kindOf(request);
    counts[kind]++;
    const fault = faults.get(kind);
    if (fault && "refuse" in fault) refuse(response, fault);
    else if (fault && "delay" in fault) {
      const timer = setTimeout(() => {
        timers.delete(timer);
        pass(request, response, kind);
      }, fault.delay);
      timers.add(timer);
    } else if (!fault) pass(request, response, kind);
  });
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
  });

  function pass(request: IncomingMessage, response: ServerResponse, kind: RequestKind): void {
    const url = new URL(request.url ?? "/", target.url);
    if (pageSize !== undefined && url.searchParams.has("limit")) {
      url.searchParams.set("limit", String(Math.min(pageSize, Number(url.searchParams.get("limit")))));
    }
    const { host: _host, connection: _connection, ...headers } = request.headers;
    const options = { method: request.method, agent, ca: target.ca };
    const forward = requestTls(url, {
      ...options,
      headers: { ...headers, authorization: `Bearer ${target.token}` },
    });
    forward.on("error", () => response.destroy());
    forward.on("response", (upstream) => {
      response.writeHead(upstream.statusCode ?? 502, upstream.headers);
      response.flushHeaders();
      upstream.on("error", () => response.destroy());
      if (kind === "watch") follow({ upstream, response, over: false });
      else upstream.pipe(response);
    });
    response.once("close", () => forward.destroy());
    request.pipe(forward);
  }

  function follow(watch: OpenWatch): void {
    const { upstream, response } = watch;
    watches.add(watch);
    upstream.on("data", (chunk: Buffer) => watch.over || response.write(chunk));
    upstream.on("end", () => watch.over || response.end());
    response.once("close", () => watches.delete(watch));
  }

  function endWatches(text: string): void {
    for (const watch of watches) {
      watch.over = true;
      watch.response.end(text);
    }
  }

  /** Ends connections without a goodbye. */
  function reset(these: Iterable<Socket>): void {
    for (const socket of these) socket.resetAndDestroy();
  }

  /** What is below the TLS of a response. */
  function socketsOf(open: Iterable<OpenWatch>): readonly Socket[] {
    const ports = new Set([...open].map(({ response }) => response.socket?.remotePort));
    return [...sockets].filter(({ remotePort }) => ports.has(remotePort));
  }

  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => {
        server.off("error", reject);
        resolve();
      });
    });

  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      reset(sockets);
    });

  await listen(0);
  const { port } = server.address() as AddressInfo;
  const kubeconfigPath = join(folder, "kubeconfig");
  writeFileSync(kubeconfigPath, kubeconfig(`https://127.0.0.1:${port}`, certificate));

  return {
    kubeconfigPath,
    counts,
    get watches() {
      return watches.size;
    },
    fault: (kinds, fault) => kinds.forEach((kind) => faults.set(kind, fault)),
    heal: () => faults.clear(),
    resetWatches: () => reset(socketsOf(watches)),
    freezeWatches: () => watches.forEach((watch) => (watch.over = true)),
    expireWatches: () => endWatches(`${JSON.stringify({ type: "ERROR", object: EXPIRED })}\n`),
    cutWatches: () => endWatches(HALF_EVENT),
    garbleWatches: () => watches.forEach(({ response }) => response.write(`${HALF_EVENT}\n`)),
    down: stop,
    up: () => listen(port),
    pointTo(next) {
      target = next;
      agent.destroy();
      agent = new Agent({ keepAlive: true });
      reset(sockets);
    },
    async close() {
      timers.forEach(clearTimeout);
      if (server.listening) await stop();
      agent.destroy();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function kindOf({ method, url = "/" }: IncomingMessage): RequestKind {
  if (method !== "GET") return "write";
  const { pathname, searchParams } = new URL(url, "https://proxy");
  if (searchParams.has("watch")) return "watch";
  if (searchParams.has("continue")) return "continue";
  const place = pathname.replace(/^\/(api\/[^/]+|apis\/[^/]+\/[^/]+)\//, "").replace(/^namespaces\/[^/]+\/(?=.)/, "");
  return place.includes("/") ? "get" : "list";
}

function refuse(
  response: ServerResponse,
  { refuse: code, reason = "", retryAfter }: Extract<Fault, { refuse: number }>,
): void {
  const text = JSON.stringify({ kind: "Status", status: "Failure", code, reason, message: "the proxy refuses" });
  const headers = { "content-type": "application/json", "content-length": String(Buffer.byteLength(text)) };
  response.writeHead(code, retryAfter === undefined ? headers : { ...headers, "retry-after": String(retryAfter) });
  response.end(text);
}

/** JSON is YAML. */
function kubeconfig(server: string, ca: string): string {
  const cluster = {
    server,
    "certificate-authority-data": Buffer.from(ca).toString("base64"),
    "tls-server-name": NAME,
  };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "proxy", cluster }],
    users: [{ name: "proxy", user: {} }],
    contexts: [{ name: "proxy", context: { cluster: "proxy", user: "proxy" } }],
    "current-context": "proxy",
  });
}
