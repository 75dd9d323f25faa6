/** Pricing: what a ride costs. Two versions of the algorithm are two programs that differ in one number. */
import { createServer } from "node:http";

export interface Pricing {
  readonly name: string;
  /** Quotes given so far. */
  readonly served: number;
  reset(): void;
  close(): Promise<void>;
}

export interface PricingOptions {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** Price of a ride relative to version 1. */
  readonly factor: number;
}

/** Starts a pricing service: any GET is answered with a price. */
export async function startPricing({ name, address, port, factor }: PricingOptions): Promise<Pricing> {
  let served = 0;
  const server = createServer((request, response) => {
    request.resume();
    served++;
    response.writeHead(200, { "content-type": "application/json", "x-app": name });
    response.end(JSON.stringify({ price: 12 * factor }));
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, address, resolve);
  });
  return {
    name,
    get served() {
      return served;
    },
    reset() {
      served = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

if (import.meta.main) {
  const { HOSTNAME = "pricing", PORT = "8080", FACTOR = "1" } = process.env;
  await startPricing({ name: HOSTNAME, address: "0.0.0.0", port: Number(PORT), factor: Number(FACTOR) });
}
