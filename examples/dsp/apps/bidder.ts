/** A bidder: prices bid requests. It counts what it served, and can be made slow or sick. */
import { createServer } from "node:http";

/** How a bidder is doing. */
export interface Condition {
  /** Milliseconds that a bid takes. */
  readonly thinking: number;
  /** Share of the bids, 0 to 1, that stall, and for how many milliseconds. */
  readonly stalls?: { readonly share: number; readonly ms: number };
  /** Status of the answers to bid requests. */
  readonly status: number;
}

export interface Bidder {
  readonly name: string;
  readonly zone: string;
  /** Bid requests taken so far. */
  readonly served: number;
  become(condition: Partial<Condition>): void;
  /** Sets the counter back. */
  reset(): void;
  close(): Promise<void>;
}

export interface BidderOptions {
  readonly name: string;
  readonly zone: string;
  readonly address: string;
  readonly port: number;
  /** Told of every bid request that is begun (1) and done with (-1). */
  readonly onWork?: (change: 1 | -1) => void;
}

const WELL: Condition = { thinking: 4, status: 200 };

/** Starts a bidder: POST /bid is answered with a price, GET /healthz with 200. */
export async function startBidder({ name, zone, address, port, onWork }: BidderOptions): Promise<Bidder> {
  let condition = WELL;
  let served = 0;
  /** Stalls are spread evenly, so that a run has as many as it should. */
  let debt = 0;

  const server = createServer((request, response) => {
    request.resume();
    if (request.url === "/healthz") return void response.end("well");
    served++;
    onWork?.(1);
    response.once("close", () => onWork?.(-1));
    const { thinking, stalls, status } = condition;
    debt += stalls?.share ?? 0;
    const stalled = stalls !== undefined && debt >= 1;
    if (stalled) debt--;
    setTimeout(
      () => {
        response.writeHead(status, { "content-type": "application/json" });
        response.end(JSON.stringify({ bidder: name, price: 1 + (served % 7) / 10 }));
      },
      stalled ? stalls.ms : thinking,
    );
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, address, resolve);
  });
  return {
    name,
    zone,
    get served() {
      return served;
    },
    become(next) {
      condition = { ...WELL, ...next };
      debt = 0;
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
  const { HOSTNAME = "bidder", ZONE = "", PORT = "8080", STALL_SHARE = "0", STALL_MS = "300" } = process.env;
  const bidder = await startBidder({ name: HOSTNAME, zone: ZONE, address: "0.0.0.0", port: Number(PORT) });
  bidder.become({ stalls: { share: Number(STALL_SHARE), ms: Number(STALL_MS) } });
}
