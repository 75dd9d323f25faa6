/** A KubeClient whose every request waits until the test answers it. */
import type { IncomingMessage } from "node:http";
import { PassThrough } from "node:stream";
import type { KubeClient, KubeRequest } from "../../src/kube/client.ts";
import { KubeError } from "../../src/kube/errors.ts";
import type { KubeObject } from "../../src/kube/object.ts";

export interface Call {
  /** `now` asks for one object only, to learn the API server's version. */
  readonly kind: "list" | "now" | "watch";
  readonly query: Readonly<Record<string, string>>;
  answer(objects: readonly KubeObject[], version: string, next?: string): void;
  refuse(error: KubeError): void;
  /** Accepts a watch. */
  stream(): WatchStream;
}

export interface WatchStream {
  send(type: string, object: object): void;
  /** Text as it is. */
  write(text: string): void;
  end(): void;
  break(message: string): void;
}

export interface ScriptedClient extends KubeClient {
  /** All requests so far. */
  readonly calls: readonly Call[];
  /** The next request that no test has taken, when it comes. */
  next(kind: Call["kind"]): Promise<Call>;
}

export function scriptedClient(): ScriptedClient {
  const calls: Call[] = [];
  const waiting: ((call: Call) => void)[] = [];
  let taken = 0;

  function add(kind: Call["kind"], request: KubeRequest): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    request.signal?.addEventListener("abort", () => reject(new KubeError("aborted", {})), { once: true });
    const call: Call = {
      kind,
      query: request.query ?? {},
      answer: (items, resourceVersion, next) =>
        resolve({ kind: "ThingList", apiVersion: "v1", items, metadata: { resourceVersion, continue: next } }),
      refuse: reject,
      stream() {
        const body = new PassThrough();
        request.signal?.addEventListener("abort", () => body.destroy(new Error("aborted")), { once: true });
        resolve(body);
        return {
          send: (type, object) => void body.write(`${JSON.stringify({ type, object })}\n`),
          write: (text) => void body.write(text),
          end: () => void body.end(),
          break: (message) => void body.destroy(new Error(message)),
        };
      },
    };
    calls.push(call);
    const next = waiting.shift();
    if (next) next(call);
    return promise;
  }

  return {
    calls,
    request: <T>(request: KubeRequest) => add(request.query?.["limit"] === "1" ? "now" : "list", request) as Promise<T>,
    open: (request) => add("watch", request) as Promise<IncomingMessage>,
    close() {},
    async next(kind) {
      const call = calls[taken] ?? (await new Promise<Call>((resolve) => waiting.push(resolve)));
      taken++;
      if (call.kind !== kind) throw new Error(`${call.kind} was asked for, not ${kind}`);
      return call;
    },
  };
}

export function thing(name: string, version: string, text = ""): KubeObject {
  return { apiVersion: "v1", kind: "Thing", metadata: { name, namespace: "a", resourceVersion: version }, text };
}

/** Lets everything run that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}
