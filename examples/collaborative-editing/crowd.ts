/** Many editors of many documents, who type all the while. */
import type { Greeting } from "./apps/document-server.ts";
import { type Editor, startEditor } from "./apps/editor.ts";
import { sleep, until } from "../harness/wait.ts";

export interface Crowd {
  readonly editors: readonly Editor[];
  /** Characters typed so far. */
  readonly typed: number;
  /** Editors by document. */
  readonly documents: ReadonlyMap<string, readonly Editor[]>;
  /** Waits until every editor is connected, and stays so for a while. */
  settled(): Promise<void>;
  /** Every editor loads its page again, one after the other. */
  reconnectAll(): Promise<void>;
  stopTyping(): void;
  close(): void;
}

export interface CrowdOptions {
  readonly documents: number;
  /** Of each document; they come from one address after the other. */
  readonly editors: number;
  readonly host: string;
  readonly addresses: readonly string[];
  readonly port: number;
  /** Characters a second, of all editors together. */
  readonly typing: number;
}

const TICK = 50;

export function startCrowd({ documents, editors: each, host, addresses, port, typing }: CrowdOptions): Crowd {
  const byDocument = new Map<string, Editor[]>();
  for (let n = 0; n < documents; n++) {
    const document = `document-${n}`;
    const of = (_: unknown, i: number): Editor =>
      startEditor({ document, host, address: addresses[i % addresses.length]!, port });
    byDocument.set(document, Array.from({ length: each }, of));
  }
  const editors = [...byDocument.values()].flat();
  let typed = 0;
  const timer = setInterval(() => {
    for (let i = 0; i < (typing * TICK) / 1000; i++) editors[(typed++ * 7) % editors.length]!.type();
  }, TICK);
  return {
    editors,
    documents: byDocument,
    get typed() {
      return typed;
    },
    settled: () => settled(editors),
    async reconnectAll() {
      for (const [index, editor] of editors.entries()) {
        editor.reconnect();
        if (index % 10 === 9) await sleep(20);
      }
    },
    stopTyping: () => clearInterval(timer),
    close() {
      clearInterval(timer);
      for (const editor of editors) editor.close();
    },
  };
}

/** Nobody comes or goes for so long, in milliseconds. */
const CALM = 400;

async function settled(editors: readonly Editor[]): Promise<void> {
  let before: readonly (Greeting | undefined)[] = [];
  let since = performance.now();
  await until("every editor is connected, and stays so", 15_000, () => {
    const now = editors.map(({ at }) => at);
    if (now.some((at, index) => !at || at !== before[index])) since = performance.now();
    before = now;
    return performance.now() - since > CALM;
  });
}

/** The server of each document; undefined of those that not all editors have on one server. */
export function placesOf({ documents }: Crowd): ReadonlyMap<string, Greeting | undefined> {
  const places = [...documents].map(([document, editors]): [string, Greeting | undefined] => {
    const [first] = editors;
    const together = editors.every(({ at }) => at !== undefined && at.server === first?.at?.server);
    return [document, together ? first?.at : undefined];
  });
  return new Map(places);
}

/** Documents whose editors were never on different servers, or of different versions. */
export function neverApart({ documents }: Crowd, by: "server" | "version"): number {
  return [...documents.values()].filter(
    (editors) => new Set(editors.flatMap(({ past }) => past.map((greeting) => greeting[by]))).size === 1,
  ).length;
}
