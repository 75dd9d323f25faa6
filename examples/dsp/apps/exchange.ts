/** An ad exchange: asks for bids at a steady rate, and waits for none longer than its deadline. */
import { Agent, request } from "node:http";

export interface ExchangeOptions {
  /** Where bid requests are sent, and which service is meant by them. */
  readonly address: string;
  readonly port: number;
  readonly host: string;
  /** Milliseconds after which a bid is worth nothing. */
  readonly deadline: number;
}

/** What became of bid requests. */
export interface Auctions {
  readonly sent: number;
  /** Requests without a bid in time, whatever the reason. */
  readonly missed: number;
  /** When each request was sent that got no bid, by `performance.now()`. */
  readonly missedAt: readonly number[];
  /** How many of the missed got which answer: a status, "late" or an error. */
  readonly reasons: ReadonlyMap<string, number>;
}

export interface Exchange {
  /** Asks `rate` times a second until it is stopped, each time whether or not earlier requests are answered. */
  start(rate: number): { stop(): Promise<Auctions> };
  /** Asks `count` times at once. */
  burst(count: number): Promise<Auctions>;
  close(): void;
}

/** Milliseconds after which the exchange hangs up, so that requests without an answer hold no connection for ever. */
const HANG_UP_AFTER = 1000;

export function createExchange({ address, port, host, deadline }: ExchangeOptions): Exchange {
  const agent = new Agent({ keepAlive: true });

  function auction(tally: Tally): Promise<void> {
    return new Promise((resolve) => {
      const sent = performance.now();
      let over = false;
      const end = (outcome: string): void => {
        if (over) return;
        over = true;
        const late = performance.now() - sent > deadline;
        if (outcome !== "200" || late) miss(tally, sent, outcome === "200" ? "late" : outcome);
        resolve();
      };
      tally.sent++;
      const call = request(
        { agent, host: address, port, path: "/bid", method: "POST", headers: { host }, timeout: HANG_UP_AFTER },
        (response) => {
          response.resume();
          response.on("end", () => end(String(response.statusCode)));
          response.on("error", (error) => end(error.message));
        },
      );
      call.on("timeout", () => call.destroy(new Error("no answer")));
      call.on("error", (error) => end(error.message));
      call.end('{"imp":[{"id":"1"}]}');
    });
  }

  return {
    start(rate) {
      const tally = createTally();
      const flying = new Set<Promise<void>>();
      const start = performance.now();
      let asked = 0;
      const timer = setInterval(() => {
        const now = performance.now() - start;
        for (const due = Math.floor((now / 1000) * rate); asked < due; asked++) {
          const one = auction(tally).finally(() => flying.delete(one));
          flying.add(one);
        }
      }, 2);
      return {
        async stop() {
          clearInterval(timer);
          await Promise.all(flying);
          return tally;
        },
      };
    },
    async burst(count) {
      const tally = createTally();
      await Promise.all(Array.from({ length: count }, () => auction(tally)));
      return tally;
    },
    close: () => agent.destroy(),
  };
}

interface Tally extends Auctions {
  sent: number;
  missed: number;
  readonly missedAt: number[];
  readonly reasons: Map<string, number>;
}

function createTally(): Tally {
  return { sent: 0, missed: 0, missedAt: [], reasons: new Map() };
}

function miss(tally: Tally, at: number, reason: string): void {
  tally.missed++;
  tally.missedAt.push(at);
  tally.reasons.set(reason, (tally.reasons.get(reason) ?? 0) + 1);
}

if (import.meta.main) {
  const { BIDDER = "bidder", RATE = "50", DEADLINE_MS = "100", REPORT_SECONDS = "10" } = process.env;
  const exchange = createExchange({ address: BIDDER, port: 80, host: BIDDER, deadline: Number(DEADLINE_MS) });
  for (;;) {
    const auctions = exchange.start(Number(RATE));
    await new Promise((resolve) => setTimeout(resolve, Number(REPORT_SECONDS) * 1000));
    const { sent, missed, reasons } = await auctions.stop();
    console.log(JSON.stringify({ sent, missed, reasons: Object.fromEntries(reasons) }));
  }
}
