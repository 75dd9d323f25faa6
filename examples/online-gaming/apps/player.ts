/** A player in a game: sends numbered datagrams from one socket, and notes which server answers. */
import { createSocket } from "node:dgram";

export interface Player {
  readonly name: string;
  readonly sent: number;
  readonly answered: number;
  /** The server of each answer; one that is the same as before is not noted again. */
  readonly servers: readonly string[];
  /** Milliseconds until each answer. */
  readonly took: readonly number[];
  send(): void;
  leave(): void;
}

export interface PlayerOptions {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

export function joinGame({ name, address, port }: PlayerOptions): Player {
  const servers: string[] = [];
  const took: number[] = [];
  const waiting = new Map<string, number>();
  let sent = 0;
  let open = true;
  const socket = createSocket("udp4");
  socket.on("error", () => undefined);
  socket.on("message", (datagram) => {
    const [server = "", number = ""] = datagram.toString().split(" ");
    const at = waiting.get(number);
    if (at === undefined) return;
    waiting.delete(number);
    took.push(performance.now() - at);
    if (servers.at(-1) !== server) servers.push(server);
  });
  return {
    name,
    servers,
    took,
    get sent() {
      return sent;
    },
    get answered() {
      return took.length;
    },
    send() {
      if (!open) return;
      const number = String(sent++);
      waiting.set(number, performance.now());
      socket.send(`${name} ${number}`, port, address);
    },
    leave() {
      if (open) socket.close();
      open = false;
    },
  };
}
