/** Riders who ask the location service by gRPC who is near, counted at both ends. */
import { Client, credentials } from "@grpc/grpc-js";
import { type Answer, nearby, type Position } from "./apps/location-api.ts";
import { type Apps, OUTBOUND } from "./system.ts";

export interface Asked {
  readonly sent: number;
  readonly failed: number;
  /** Riders that the other region's location service answered. */
  readonly east: number;
  /** The first few failures, in words. */
  readonly failures: readonly string[];
}

/** Questions a second, and milliseconds that a rider waits for an answer. */
const RATE = 60;
const PATIENCE = 1500;

/** Asks at a steady rate until it is stopped. */
export function startRiders({ location }: Apps): { stop(): Promise<Asked> } {
  const client = new Client(`${OUTBOUND.address}:${OUTBOUND.port}`, credentials.createInsecure(), {
    "grpc.default_authority": "location:9090",
  });
  const before = location.east.asked;
  const failures: string[] = [];
  const flying = new Set<Promise<void>>();
  const start = performance.now();
  let sent = 0;
  let failed = 0;

  const ask = (): Promise<void> =>
    new Promise((resolve) => {
      const rider: Position = { driver: "", latitude: 38.7, longitude: -9.1 };
      const deadline = Date.now() + PATIENCE;
      client.makeUnaryRequest<Position, Answer>(
        nearby.path,
        nearby.requestSerialize,
        nearby.responseDeserialize,
        rider,
        { deadline },
        (error) => {
          if (error) failed++;
          if (error && failures.length < 5) failures.push(error.message);
          resolve();
        },
      );
    });

  const timer = setInterval(() => {
    for (const due = Math.floor(((performance.now() - start) / 1000) * RATE); sent < due; sent++) {
      const one = ask().finally(() => flying.delete(one));
      flying.add(one);
    }
  }, 5);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(flying);
      client.close();
      return { sent, failed, east: location.east.asked - before, failures };
    },
  };
}
