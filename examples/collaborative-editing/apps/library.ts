/**
 * The library: it keeps documents, and knows which server has which. A server that wants a document gets it from the one that has
 * it, through the library, so that never two servers change one document.
 */
import { type WebSocket, WebSocketServer } from "ws";

/** What a server asks for. States are Yjs updates in base64; "" is an empty document. */
export type ServerMessage =
  | { readonly kind: "take"; readonly document: string }
  /** Nobody edits it any more. */
  | { readonly kind: "release"; readonly document: string; readonly state: string }
  | { readonly kind: "given"; readonly document: string; readonly state: string };

/** What the library answers and asks for. */
export type LibraryMessage =
  | { readonly kind: "taken"; readonly document: string; readonly state: string }
  | { readonly kind: "give"; readonly document: string };

export interface Library {
  /** How often a document was taken from a server that had it. */
  readonly moves: number;
  close(): Promise<void>;
}

interface Entry {
  state: string;
  owner: WebSocket | undefined;
  /** The owner has been asked to give it. */
  asked: boolean;
  readonly waiting: WebSocket[];
}

export async function startLibrary({ address, port }: { address: string; port: number }): Promise<Library> {
  const entries = new Map<string, Entry>();
  let moves = 0;

  function entryOf(document: string): Entry {
    let entry = entries.get(document);
    if (!entry) entries.set(document, (entry = { state: "", owner: undefined, asked: false, waiting: [] }));
    return entry;
  }

  function tell(server: WebSocket, message: LibraryMessage): void {
    server.send(JSON.stringify(message));
  }

  /** Hands the document to the server that has waited longest, once nobody else has it. */
  function hand(document: string, entry: Entry): void {
    const [next] = entry.waiting;
    if (!next || entry.asked) return;
    if (entry.owner && entry.owner !== next) {
      entry.asked = true;
      return tell(entry.owner, { kind: "give", document });
    }
    entry.waiting.shift();
    entry.owner = next;
    tell(next, { kind: "taken", document, state: entry.state });
    hand(document, entry);
  }

  function take(server: WebSocket, message: ServerMessage): void {
    const { document } = message;
    const entry = entryOf(document);
    if (message.kind === "take") entry.waiting.push(server);
    // A server that lost the document meanwhile has nothing to say about it.
    else if (entry.owner === server) {
      entry.state = message.state;
      entry.owner = undefined;
      entry.asked = false;
      if (message.kind === "given") moves++;
    }
    hand(document, entry);
  }

  function forget(server: WebSocket): void {
    for (const [document, entry] of entries) {
      const at = entry.waiting.indexOf(server);
      if (at >= 0) entry.waiting.splice(at, 1);
      if (entry.owner !== server) continue;
      entry.owner = undefined;
      entry.asked = false;
      hand(document, entry);
    }
  }

  const sockets = new WebSocketServer({ host: address, port });
  await new Promise<void>((resolve, reject) => {
    sockets.once("listening", resolve);
    sockets.once("error", reject);
  });
  sockets.on("connection", (server) => {
    server.on("message", (data) => take(server, JSON.parse((data as Buffer).toString()) as ServerMessage));
    server.on("close", () => forget(server));
    server.on("error", () => undefined);
  });
  return {
    get moves() {
      return moves;
    },
    close() {
      for (const server of sockets.clients) server.terminate();
      return new Promise((resolve) => sockets.close(() => resolve()));
    },
  };
}

if (import.meta.main) {
  const library = await startLibrary({ address: "0.0.0.0", port: Number(process.env["PORT"] ?? 8090) });
  process.once("SIGTERM", () => void library.close());
}
