/** A lobby: players wait on TCP connections that stay open. It greets with its name, and says back what is said. */
import { createServer, type Socket } from "node:net";

export interface Lobby {
  readonly name: string;
  /** Players that wait now. */
  readonly open: number;
  close(): Promise<void>;
}

export interface LobbyOptions {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

export async function startLobby({ name, address, port }: LobbyOptions): Promise<Lobby> {
  const players = new Set<Socket>();
  const server = createServer((socket) => {
    players.add(socket);
    socket.on("close", () => players.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.write(`${name}\n`);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, address, resolve);
  });
  return {
    name,
    get open() {
      return players.size;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const player of players) player.destroy();
      }),
  };
}

if (import.meta.main) {
  const { HOSTNAME = "lobby", PORT = "17000" } = process.env;
  await startLobby({ name: HOSTNAME, address: "0.0.0.0", port: Number(PORT) });
}
