/** Who takes part: an ad exchange and two bidders in each of two zones, each with an Envoy beside it. */
import { join } from "node:path";
import type { Running, Step, System } from "../harness/run.ts";
import { type Bidder, startBidder } from "./apps/bidder.ts";
import { createExchange, type Exchange } from "./apps/exchange.ts";

export interface Apps extends AsyncDisposable {
  readonly bidders: readonly Bidder[];
  /** Bid requests that all bidders together have in work, and the most that they had. */
  readonly work: { now: number; most: number };
  /** By zone. */
  readonly exchanges: Readonly<Record<"a" | "b", Exchange>>;
}

export type Dsp = Running<Apps>;
export type DspStep = Step<Apps>;

/** Milliseconds after which a bid is worth nothing. */
export const DEADLINE = 100;
export const POLICY = "bidder-policy.yaml";

const BIDDERS = [
  { name: "bidder-a1", zone: "a", address: "127.0.31.11" },
  { name: "bidder-a2", zone: "a", address: "127.0.31.12" },
  { name: "bidder-b1", zone: "b", address: "127.0.31.21" },
  { name: "bidder-b2", zone: "b", address: "127.0.31.22" },
] as const;

async function startApps(): Promise<Apps> {
  const work = { now: 0, most: 0 };
  const onWork = (change: 1 | -1): void => {
    work.now += change;
    work.most = Math.max(work.most, work.now);
  };
  const bidders = await Promise.all(BIDDERS.map((bidder) => startBidder({ ...bidder, port: 8080, onWork })));
  const exchange = (address: string): Exchange =>
    createExchange({ address, port: 15080, host: "bidder", deadline: DEADLINE });
  const exchanges = { a: exchange("127.0.30.1"), b: exchange("127.0.30.2") };
  return {
    bidders,
    work,
    exchanges,
    async [Symbol.asyncDispose]() {
      exchanges.a.close();
      exchanges.b.close();
      for (const bidder of bidders) await bidder.close();
    },
  };
}

export const dsp: System<Apps> = {
  manifests: join(import.meta.dirname, "manifests"),
  without: [POLICY],
  xds: "127.0.30.100:18000",
  admin: "127.0.30.100:18001",
  sidecars: ["exchange-a", "exchange-b", ...BIDDERS.map(({ name }) => name)].map((pod) => `${pod}.ads`),
  firstAdminPort: 18110,
  startApps,
};
