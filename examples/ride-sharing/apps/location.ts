/** Where drivers are: they tell it by WebSocket or by a gRPC stream, and riders ask by gRPC who is near. */
import { createServer } from "node:http";
import {
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
} from "@grpc/grpc-js";
import { WebSocketServer } from "ws";
import { type Answer, locationService, type Position } from "./location-api.ts";

export interface Location {
  readonly region: string;
  /** Calls of Nearby answered so far. */
  readonly asked: number;
  /** Positions taken so far. */
  readonly positions: number;
  /** Drivers' connections that are open, and how many were ever opened. */
  readonly sockets: number;
  readonly streams: number;
  readonly opened: number;
  reset(): void;
  close(): Promise<void>;
}

export interface LocationOptions {
  readonly region: string;
  readonly address: string;
  readonly httpPort: number;
  readonly grpcPort: number;
}

export async function startLocation({ region, address, httpPort, grpcPort }: LocationOptions): Promise<Location> {
  const known = new Map<string, Position>();
  const count = { asked: 0, positions: 0, sockets: 0, streams: 0, opened: 0 };
  function take(position: Position): Answer {
    known.set(position.driver, position);
    count.positions++;
    return { region, known: known.size };
  }

  const http = createServer((incoming, response) => {
    incoming.resume();
    response.end(region);
  });
  const sockets = new WebSocketServer({ server: http });
  sockets.on("connection", (socket) => {
    count.sockets++;
    count.opened++;
    socket.on("message", (data: Buffer) => {
      socket.send(JSON.stringify(take(JSON.parse(data.toString()) as Position)));
    });
    socket.on("close", () => count.sockets--);
  });
  await new Promise<void>((resolve, reject) => {
    http.once("error", reject);
    http.listen(httpPort, address, resolve);
  });

  const grpc = new Server();
  grpc.addService(locationService, {
    report(stream: ServerDuplexStream<Position, Answer>) {
      count.streams++;
      count.opened++;
      stream.on("data", (position: Position) => stream.write(take(position)));
      stream.on("error", () => undefined);
      stream.on("end", () => stream.end());
      stream.once("close", () => count.streams--);
    },
    nearby(_call: ServerUnaryCall<Position, Answer>, reply: sendUnaryData<Answer>) {
      count.asked++;
      reply(null, { region, known: known.size });
    },
  });
  await new Promise<void>((resolve, reject) => {
    grpc.bindAsync(`${address}:${grpcPort}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  return {
    region,
    get asked() {
      return count.asked;
    },
    get positions() {
      return count.positions;
    },
    get sockets() {
      return count.sockets;
    },
    get streams() {
      return count.streams;
    },
    get opened() {
      return count.opened;
    },
    reset() {
      count.asked = 0;
      count.positions = 0;
    },
    async close() {
      grpc.forceShutdown();
      for (const client of sockets.clients) client.terminate();
      await new Promise<void>((resolve) => http.close(() => resolve()));
    },
  };
}

if (import.meta.main) {
  const { REGION = "", HTTP_PORT = "8080", GRPC_PORT = "9090" } = process.env;
  await startLocation({
    region: REGION,
    address: "0.0.0.0",
    httpPort: Number(HTTP_PORT),
    grpcPort: Number(GRPC_PORT),
  });
}
