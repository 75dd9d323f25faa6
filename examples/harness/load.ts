/** Load: a number of requests as fast as they are answered, or a steady rate for as long as something else takes. */
import { Agent, request } from "node:http";
import { sleep } from "./wait.ts";

export interface Target {
  readonly address: string;
  readonly port: number;
  /** The Host header: which service is meant. */
  readonly host: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Outcomes {
  readonly total: number;
  /** Requests without an answer of 2xx. */
  readonly failed: number;
  /** Answers by the name of the application that gave them. */
  readonly by: ReadonlyMap<string, number>;
  /** Milliseconds that each answer of 2xx took. */
  readonly took: readonly number[];
  /** The first few failures, in words. */
  readonly failures: readonly string[];
}

/** Longest time that a request may take before it counts as failed. */
const REQUEST_TIMEOUT = 10_000;

interface Tally extends Outcomes {
  total: number;
  failed: number;
  readonly by: Map<string, number>;
  readonly took: number[];
  readonly failures: string[];
}

function createTally(): Tally {
  return { total: 0, failed: 0, by: new Map(), took: [], failures: [] };
}

function sendOne(target: Target, agent: Agent, tally: Tally): Promise<void> {
  return new Promise((resolve) => {
    const start = performance.now();
    const fail = (why: string): void => {
      tally.total++;
      tally.failed++;
      if (tally.failures.length < 5) tally.failures.push(why);
      resolve();
    };
    const call = request(
      {
        agent,
        host: target.address,
        port: target.port,
        path: target.path ?? "/",
        headers: { host: target.host, ...target.headers },
        timeout: REQUEST_TIMEOUT,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", (error) => fail(error.message));
        response.on("end", () => {
          const body = Buffer.concat(chunks).toString();
          if (response.statusCode !== 200) return fail(`${response.statusCode}: ${body.slice(0, 120)}`);
          tally.total++;
          tally.took.push(performance.now() - start);
          tally.by.set(body, (tally.by.get(body) ?? 0) + 1);
          resolve();
        });
      },
    );
    call.on("timeout", () => call.destroy(new Error("timed out")));
    call.on("error", (error) => fail(error.message));
    call.end();
  });
}

/** Sends `count` requests, `concurrency` at a time. */
export async function send(target: Target, count: number, concurrency = 16): Promise<Outcomes> {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const tally = createTally();
  let left = count;
  const worker = async (): Promise<void> => {
    while (left-- > 0) await sendOne(target, agent, tally);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  agent.destroy();
  return tally;
}

/** A steady load that runs until it is stopped. */
export interface SteadyLoad {
  /** Stops, waits for the answers that are due, and returns what happened and the rate that was reached. */
  stop(): Promise<Outcomes & { readonly rps: number }>;
}

/**
 * Starts `rps` requests a second, each sent when it is due whether or not earlier ones are answered.
 *
 * @param target of every request, or of the one with a number
 */
export function startLoad(target: Target | ((n: number) => Target), rps: number): SteadyLoad {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const tally = createTally();
  const targetOf = typeof target === "function" ? target : () => target;
  const flying = new Set<Promise<void>>();
  const start = performance.now();
  let sent = 0;
  let running = true;
  const done = (async () => {
    while (running) {
      const due = Math.floor(((performance.now() - start) / 1000) * rps);
      for (; sent < due; sent++) {
        const one = sendOne(targetOf(sent), agent, tally).finally(() => flying.delete(one));
        flying.add(one);
      }
      await sleep(2);
    }
  })();
  return {
    async stop() {
      running = false;
      await done;
      const seconds = (performance.now() - start) / 1000;
      await Promise.all(flying);
      agent.destroy();
      return { ...tally, rps: sent / seconds };
    },
  };
}
