/** Holds documents in memory while they are edited, and brings every editor's changes to the others. */
import { createServer, type IncomingMessage } from "node:http";
import { type WebSocket, WebSocketServer } from "ws";
import { applyUpdate, Doc, encodeStateAsUpdate } from "yjs";
import { openShelf } from "./shelf.ts";

/** The first message that an editor gets; what follows are Yjs updates. */
export interface Greeting {
  readonly server: string;
  readonly version: string;
}

export interface DocumentServer extends Greeting {
  /** Editors that are connected, by document. */
  readonly editors: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

export interface DocumentServerOptions extends Greeting {
  readonly address: string;
  readonly port: number;
  /** URL of the library. */
  readonly library: string;
}

interface Room {
  readonly doc: Doc;
  readonly sockets: Set<WebSocket>;
}

/** Says to editors that the document is elsewhere now, and that they should connect again. */
const SERVICE_RESTART = 1012;

export async function startDocumentServer(options: DocumentServerOptions): Promise<DocumentServer> {
  const { server, version, address, port, library } = options;
  const rooms = new Map<string, Promise<Room>>();
  const open = new Map<string, Room>();
  let joined = 0;

  const shelf = await openShelf(library, async (document) => {
    // It may be on its way here still.
    const room = await rooms.get(document);
    if (!room || open.get(document) !== room) return undefined;
    leave(document);
    for (const socket of room.sockets) socket.close(SERVICE_RESTART);
    return encodeStateAsUpdate(room.doc);
  });

  function leave(document: string): void {
    rooms.delete(document);
    open.delete(document);
  }

  async function openRoom(document: string): Promise<Room> {
    const state = await shelf.take(document);
    const doc = new Doc();
    if (state.length > 0) applyUpdate(doc, state);
    const room: Room = { doc, sockets: new Set() };
    doc.on("update", (update: Uint8Array, from: unknown) => {
      for (const socket of room.sockets) if (socket !== from) socket.send(update);
    });
    open.set(document, room);
    return room;
  }

  async function join(socket: WebSocket, document: string): Promise<void> {
    socket.on("error", () => undefined);
    // What the editor sends meanwhile waits.
    socket.pause();
    let opening = rooms.get(document);
    if (!opening) rooms.set(document, (opening = openRoom(document)));
    const room = await opening;
    socket.resume();
    if (open.get(document) !== room) return socket.close(SERVICE_RESTART);
    socket.on("message", (data: Buffer, isBinary) => {
      if (isBinary && open.get(document) === room) applyUpdate(room.doc, new Uint8Array(data), socket);
    });
    socket.on("close", () => part(socket, document, room));
    // It may have gone while it waited.
    if (socket.readyState !== socket.OPEN) return part(socket, document, room);
    room.sockets.add(socket);
    joined++;
    socket.send(JSON.stringify({ server, version } satisfies Greeting));
    socket.send(encodeStateAsUpdate(room.doc));
  }

  function part(socket: WebSocket, document: string, room: Room): void {
    room.sockets.delete(socket);
    if (room.sockets.size > 0 || open.get(document) !== room) return;
    leave(document);
    shelf.release(document, encodeStateAsUpdate(room.doc));
  }

  const http = createServer((request, response) => {
    request.resume();
    if (request.url === "/metrics") return void response.end(metrics(open, joined));
    response.end("well");
  });
  const sockets = new WebSocketServer({ server: http, perMessageDeflate: false });
  sockets.on("connection", (socket, request) => void join(socket, documentOf(request)));
  await new Promise<void>((resolve, reject) => {
    http.once("error", reject);
    http.listen(port, address, resolve);
  });
  return {
    server,
    version,
    get editors() {
      return new Map(
        [...open].map(
          ([
            document,
            {
              sockets: { size },
            },
          ]) => [document, size],
        ),
      );
    },
    async close() {
      shelf.close();
      for (const socket of sockets.clients) socket.terminate();
      await new Promise<void>((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      });
    },
  };
}

function documentOf({ url = "/" }: IncomingMessage): string {
  return new URL(url, "http://server").searchParams.get("doc") ?? "";
}

/** Concurrent editors of each document, and how many have ever come, in Prometheus's text format. */
function metrics(open: ReadonlyMap<string, Room>, joined: number): string {
  const lines = [...open].map(
    ([document, { sockets }]) => `editors{document=${JSON.stringify(document)}} ${sockets.size}\n`,
  );
  return [
    `# HELP editors Editors that are connected, by document.\n# TYPE editors gauge\n${lines.join("")}`,
    `# HELP joined_total Editors that have been let in since the start.\n# TYPE joined_total counter\njoined_total ${joined}\n`,
  ].join("");
}

if (import.meta.main) {
  const { HOSTNAME = "documents", VERSION = "v1", PORT = "8080", LIBRARY = "ws://library:8090" } = process.env;
  const running = await startDocumentServer({
    server: HOSTNAME,
    version: VERSION,
    address: "0.0.0.0",
    port: Number(PORT),
    library: LIBRARY,
  });
  process.once("SIGTERM", () => void running.close());
}
