/** A game server: each datagram of a player is answered with the server's name and the datagram's number. */
import { createSocket } from "node:dgram";

export interface GameServer {
  readonly name: string;
  /** Datagrams so far, by player. */
  readonly heard: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

export interface GameServerOptions {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

export async function startGameServer({ name, address, port }: GameServerOptions): Promise<GameServer> {
  const heard = new Map<string, number>();
  const socket = createSocket("udp4");
  socket.on("message", (datagram, from) => {
    const [player = "", number = ""] = datagram.toString().split(" ");
    heard.set(player, (heard.get(player) ?? 0) + 1);
    socket.send(`${name} ${number}`, from.port, from.address);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(port, address, resolve);
  });
  return { name, heard, close: () => new Promise((resolve) => socket.close(() => resolve())) };
}

if (import.meta.main) {
  const { HOSTNAME = "game", PORT = "17777" } = process.env;
  await startGameServer({ name: HOSTNAME, address: "0.0.0.0", port: Number(PORT) });
}
