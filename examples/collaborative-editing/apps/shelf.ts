/** A server's side of the library: documents that it takes, and gives when another server wants them. */
import WebSocket from "ws";
import type { LibraryMessage, ServerMessage } from "./library.ts";

export interface Shelf {
  /** The state of the document, which is this server's from now on. */
  take(document: string): Promise<Uint8Array>;
  /** Nobody edits it here any more. */
  release(document: string, state: Uint8Array): void;
  close(): void;
}

/**
 * @param give called when another server wants a document: what it has become, after which it must not change here any more;
 *   undefined where it has been released
 */
export async function openShelf(
  library: string,
  give: (document: string) => Promise<Uint8Array | undefined>,
): Promise<Shelf> {
  const socket = new WebSocket(library);
  const waiting = new Map<string, (state: Uint8Array) => void>();
  const send = (message: ServerMessage): void => socket.send(JSON.stringify(message));
  socket.on("message", (data) => {
    const message = JSON.parse((data as Buffer).toString()) as LibraryMessage;
    const { document } = message;
    if (message.kind === "give") {
      void give(document).then((state) => state && send({ kind: "given", document, state: textOf(state) }));
      return;
    }
    waiting.get(document)?.(new Uint8Array(Buffer.from(message.state, "base64")));
    waiting.delete(document);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  socket.on("error", () => undefined);
  return {
    take: (document) =>
      new Promise((resolve) => {
        waiting.set(document, resolve);
        send({ kind: "take", document });
      }),
    release: (document, state) => send({ kind: "release", document, state: textOf(state) }),
    close: () => socket.terminate(),
  };
}

function textOf(state: Uint8Array): string {
  return Buffer.from(state).toString("base64");
}
