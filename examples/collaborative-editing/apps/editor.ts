/** Somebody who edits a document: connects, types, and connects again when the connection ends. */
import WebSocket from "ws";
import { applyUpdate, Doc, encodeStateAsUpdate } from "yjs";
import type { Greeting } from "./document-server.ts";

export interface EditorOptions {
  readonly document: string;
  /** The host that is meant, and where connections to it are made. */
  readonly host: string;
  readonly address: string;
  readonly port: number;
}

export interface Editor {
  readonly document: string;
  /** Whom it is connected to; undefined while it is not. */
  readonly at: Greeting | undefined;
  /** Whom its latest connections were answered by, the newest last. */
  readonly past: readonly Greeting[];
  /** Connections that ended without being asked to. */
  readonly dropped: number;
  readonly text: string;
  /** Appends a character, connected or not. */
  type(): void;
  /** As when a page is loaded again. */
  reconnect(): void;
  close(): void;
}

/** Milliseconds between a connection's end and the next one: growing for as long as no connection lasts. */
const WAITS = [100, 200, 400, 800];
const LASTS = 1000;

export function startEditor({ document, host, address, port }: EditorOptions): Editor {
  const doc = new Doc();
  const text = doc.getText("text");
  const past: Greeting[] = [];
  let socket: WebSocket | undefined;
  let at: Greeting | undefined;
  let dropped = 0;
  let failures = 0;
  let since = 0;
  let again: NodeJS.Timeout | undefined;

  doc.on("update", (update: Uint8Array, from: unknown) => {
    if (from !== "server" && at) socket?.send(update);
  });

  function connect(): void {
    const url = `ws://${address}:${port}/edit?doc=${encodeURIComponent(document)}`;
    const own = new WebSocket(url, { headers: { host }, perMessageDeflate: false });
    socket = own;
    own.on("message", (data: Buffer, isBinary) => {
      if (own !== socket) return;
      if (isBinary) return applyUpdate(doc, new Uint8Array(data), "server");
      at = JSON.parse((data as Buffer).toString()) as Greeting;
      past.push(at);
      since = performance.now();
      // The server may know less than this editor does.
      own.send(encodeStateAsUpdate(doc));
    });
    own.on("error", () => undefined);
    own.on("close", () => {
      if (own !== socket) return;
      if (at) dropped++;
      if (at && performance.now() - since > LASTS) failures = 0;
      at = undefined;
      again = setTimeout(connect, WAITS[Math.min(failures++, WAITS.length - 1)]);
    });
  }
  connect();

  return {
    document,
    past,
    get at() {
      return at;
    },
    get dropped() {
      return dropped;
    },
    get text() {
      return text.toJSON();
    },
    type: () => text.insert(text.length, String.fromCharCode(97 + (text.length % 26))),
    reconnect() {
      const old = socket;
      clearTimeout(again);
      at = undefined;
      connect();
      old?.close();
    },
    close() {
      const last = socket;
      clearTimeout(again);
      socket = undefined;
      last?.terminate();
    },
  };
}

if (import.meta.main) {
  const { DOCUMENTS = "20", EDITORS = "3", SERVICE = "documents", SERVICE_PORT = "80" } = process.env;
  const editors = Array.from({ length: Number(DOCUMENTS) * Number(EDITORS) }, (_, index) =>
    startEditor({
      document: `document-${index % Number(DOCUMENTS)}`,
      host: SERVICE,
      address: SERVICE,
      port: Number(SERVICE_PORT),
    }),
  );
  setInterval(() => editors[Math.floor(Math.random() * editors.length)]?.type(), 50);
  setInterval(() => {
    const connected = editors.filter(({ at }) => at).length;
    const dropped = editors.reduce((sum, editor) => sum + editor.dropped, 0);
    console.log(JSON.stringify({ editors: editors.length, connected, dropped }));
  }, 10_000);
  process.once("SIGTERM", () => process.exit(0));
}
