/** Drivers, who tell where they are five times a second: half of them by WebSocket, half by a gRPC stream. */
import { Client, type ClientDuplexStream, credentials } from "@grpc/grpc-js";
import WebSocket from "ws";
import { type Answer, type Position, report } from "./location-api.ts";

export interface Drivers {
  /** Connections that are open. */
  readonly open: number;
  /** Connections that ended before their driver did. */
  readonly lost: number;
  /** Positions that were sent, and those that were confirmed. */
  readonly sent: number;
  readonly confirmed: number;
  close(): void;
}

export interface DriversOptions {
  /** Of each kind. */
  readonly count: number;
  /** The location service. */
  readonly host: string;
  readonly grpcPort: number;
  /** Where requests to it are sent, `address:port`; by default to the service itself. */
  readonly via?: string;
}

const EVERY = 200;

export function startDrivers({ count, host, grpcPort, via }: DriversOptions): Drivers {
  const tally = { open: 0, lost: 0, sent: 0, confirmed: 0 };
  let over = false;
  const ended = (): void => {
    if (over) return;
    tally.open--;
    tally.lost++;
  };

  const sockets = Array.from({ length: count }, () => {
    const socket = new WebSocket(`ws://${via ?? host}/drivers`, { headers: { host } });
    socket.once("open", () => {
      tally.open++;
      socket.once("close", ended);
    });
    socket.on("message", () => tally.confirmed++);
    socket.on("error", () => undefined);
    return socket;
  });

  const client = new Client(via ?? `${host}:${grpcPort}`, credentials.createInsecure(), {
    "grpc.default_authority": `${host}:${grpcPort}`,
  });
  const streams = Array.from({ length: count }, (): ClientDuplexStream<Position, Answer> => {
    const stream = client.makeBidiStreamRequest(report.path, report.requestSerialize, report.responseDeserialize);
    let first = true;
    stream.on("data", () => {
      tally.confirmed++;
      if (first) tally.open++;
      first = false;
    });
    stream.on("error", () => undefined);
    stream.once("close", ended);
    return stream;
  });

  const timer = setInterval(() => {
    const position = (driver: string): Position => ({ driver, latitude: 38.7, longitude: -9.1 });
    for (const [index, socket] of sockets.entries()) {
      if (socket.readyState !== WebSocket.OPEN) continue;
      socket.send(JSON.stringify(position(`socket-${index}`)));
      tally.sent++;
    }
    for (const [index, stream] of streams.entries()) {
      if (stream.destroyed) continue;
      stream.write(position(`stream-${index}`));
      tally.sent++;
    }
  }, EVERY);

  return {
    get open() {
      return tally.open;
    },
    get lost() {
      return tally.lost;
    },
    get sent() {
      return tally.sent;
    },
    get confirmed() {
      return tally.confirmed;
    },
    close() {
      over = true;
      clearInterval(timer);
      for (const socket of sockets) socket.terminate();
      for (const stream of streams) stream.cancel();
      client.close();
    },
  };
}

if (import.meta.main) {
  const { DRIVERS = "20", LOCATION = "location" } = process.env;
  const drivers = startDrivers({ count: Number(DRIVERS), host: LOCATION, grpcPort: 9090 });
  setInterval(() => {
    const { open, lost, sent, confirmed } = drivers;
    console.log(JSON.stringify({ open, lost, sent, confirmed }));
  }, 10_000);
}
