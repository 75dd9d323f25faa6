/** A server on many loopback addresses that tells which of them it was reached at, and by what. */
import { createServer, type Server, type Socket } from "node:net";

export interface TalkingServer {
  close(): Promise<void>;
}

/** Listens on all addresses. To HTTP it answers with headers that tell what it was asked, to anything else with its address. */
export async function startTalkingServer(ports: readonly number[]): Promise<TalkingServer> {
  const sockets = new Set<Socket>();
  const servers = await Promise.all(
    ports.map(async (port) => {
      const server = createServer((socket) => talk(socket, sockets));
      await new Promise<void>((done) => server.listen(port, "0.0.0.0", done));
      return server;
    }),
  );
  return {
    async close() {
      for (const socket of sockets) socket.destroy();
      await Promise.all(servers.map((server: Server) => new Promise((done) => server.close(done))));
    },
  };
}

function talk(socket: Socket, sockets: Set<Socket>): void {
  sockets.add(socket);
  socket.on("close", () => sockets.delete(socket));
  socket.on("error", () => socket.destroy());
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    const at = `${socket.localAddress}:${socket.localPort}`;
    if (text.startsWith("ping")) return void socket.end(`at ${at}\n`);
    for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
      const head = text.slice(0, end);
      text = text.slice(end + 4);
      const [, path = ""] = head.split("\r\n")[0]!.split(" ");
      const host = /^host: *(.*)$/im.exec(head)?.[1] ?? "";
      socket.write(`HTTP/1.1 200 OK\r\nx-at: ${at}\r\nx-seen: ${host}${path}\r\ncontent-length: 0\r\n\r\n`, "latin1");
    }
  });
}
