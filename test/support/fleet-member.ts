/** One endpoint of a fleet: answers HTTP and gRPC, takes WebSockets and greets TCP connections, always with its name. */
import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { startGrpcEcho } from "./grpc-echo.ts";

export interface Member {
  readonly name: string;
  readonly address: string;
  readonly http: number;
  readonly tcp: number;
  readonly grpc: number;
  close(): void;
}

/** @param address an address of loopback that no other member has */
export async function startMember(name: string, address: string): Promise<Member> {
  const sockets = new Set<Socket>();
  const web = createServer((request, response) => {
    setTimeout(() => response.end(name), Number(request.headers["x-delay"] ?? 0));
  });
  web.keepAliveTimeout = 60_000;
  web.on("upgrade", (_, socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
    echo(socket, name);
  });
  const tcp = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    // The server speaks first, as a database does.
    socket.write(`${name}\n`);
    echo(socket, name);
  });
  const grpc = await startGrpcEcho(name, address);
  return {
    name,
    address,
    grpc: grpc.port,
    http: await listen(web, address),
    tcp: await listen(tcp, address),
    close() {
      grpc.close();
      for (const server of [web, tcp]) server.close();
      web.closeAllConnections();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Says who answered, after each piece that comes in. */
function echo(socket: Socket, name: string): void {
  socket.on("data", (piece) => socket.write(`${name}:${piece.toString()}`));
}

async function listen(server: Server, address: string): Promise<number> {
  await new Promise<void>((done) => server.listen(0, address, done));
  return (server.address() as AddressInfo).port;
}
