/** Messages that are framed once and written to many streams, and those that streams send, through a real client. */
import {
  Client,
  credentials,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  status as Code,
  type StatusObject,
} from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Framed, frame } from "../../src/xds/frame.ts";
import { createWire, type RawCall, type Wire } from "../../src/xds/wire.ts";
import { until } from "../support/until.ts";

const METHOD = "/test.Wire/Stream";
const bytesAsTheyAre = (bytes: Buffer): Buffer => bytes;
const SERVICE: ServiceDefinition = {
  Stream: {
    path: METHOD,
    requestStream: true,
    responseStream: true,
    requestSerialize: bytesAsTheyAre,
    requestDeserialize: bytesAsTheyAre,
    responseSerialize: bytesAsTheyAre,
    responseDeserialize: bytesAsTheyAre,
  },
};

let server: Server;
let client: Client;
const MAX_BYTES = 1_000_000;

let drained = 0;
/** What the server has read. */
let read: string[] = [];
let ended = 0;
/** What the server does with a stream. */
let serve: (call: RawCall) => void;

beforeEach(async () => {
  drained = ended = 0;
  read = [];
  server = new Server();
  server.addService(SERVICE, { Stream: (call: RawCall) => serve(call) });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
});

afterEach(() => {
  client.close();
  server.forceShutdown();
});

const wireOf = (call: RawCall): Wire =>
  createWire(call, MAX_BYTES, {
    onMessage: (message) => void read.push(String(message)),
    onEnd: () => void ended++,
    onDrain: () => void drained++,
  });

/** A call that keeps its HTTP/2 stream elsewhere than grpc-js does today. */
function elsewhere(call: RawCall): RawCall {
  return new Proxy(call, {
    get(target, key) {
      if (key === "call") return undefined;
      const value: unknown = Reflect.get(target, key);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

/** What a client receives on a stream of its own until the server ends it. */
function receive(): Promise<{ readonly messages: readonly Buffer[]; readonly status: StatusObject }> {
  return new Promise((resolve) => {
    const messages: Buffer[] = [];
    const call = client.makeBidiStreamRequest(METHOD, bytesAsTheyAre, bytesAsTheyAre);
    call.on("data", (message: Buffer) => void messages.push(message));
    call.on("error", () => {});
    call.on("status", (status: StatusObject) => resolve({ messages, status }));
  });
}

const TEXTS = ["a", "", "b".repeat(300_000), "c".repeat(20_000), "d"];
const MESSAGES: readonly Framed[] = TEXTS.map((text) =>
  frame([Buffer.from(text.slice(0, 1)), Buffer.from(text.slice(1))]),
);

test.for([
  ["written past the copy", (call: RawCall) => call, true],
  ["written by grpc-js, where its stream is not found", elsewhere, false],
] as const)("%s: all messages arrive, in order, on each stream, and then the status", async ([, of, shared]) => {
  const wires: Wire[] = [];
  serve = (call) => {
    const wire = wireOf(of(call));
    wires.push(wire);
    for (const message of MESSAGES) wire.write(message);
    call.end();
  };
  const all = await Promise.all([receive(), receive(), receive()]);
  // The pinned version of grpc-js keeps its stream where it is looked for: a newer one that does not is to be noticed.
  expect(wires.map((wire) => wire.shared)).toEqual([shared, shared, shared]);
  for (const { messages, status } of all) {
    expect(messages.map(String)).toEqual(TEXTS);
    expect(status.code).toBe(Code.OK);
  }
  expect(MESSAGES.map((message) => message.subarray(5).toString())).toEqual(TEXTS);
});

test("an error status comes after what was written", async () => {
  serve = (call) => {
    wireOf(call).write(MESSAGES[2]!);
    call.emit("error", { code: Code.RESOURCE_EXHAUSTED, details: "too much" });
  };
  const { messages, status } = await receive();
  expect(messages.map(String)).toEqual([TEXTS[2]]);
  expect(status).toMatchObject({ code: Code.RESOURCE_EXHAUSTED, details: "too much" });
});

test("a client that does not read is said to take no more, and later to take more", async () => {
  let taken = 0;
  serve = (call) => {
    const wire = wireOf(call);
    while (taken < 1000 && wire.write(MESSAGES[2]!)) taken++;
  };
  const call = client.makeBidiStreamRequest(METHOD, bytesAsTheyAre, bytesAsTheyAre);
  call.on("error", () => {});
  call.pause();
  await until("the first write", 5000, () => taken > 0 || drained > 0);
  expect(taken).toBeLessThan(1000);
  call.on("data", () => {});
  await until("room again", 5000, () => drained > 0);
  call.cancel();
});

test("what is written to a stream that the client has ended is dropped", async () => {
  let left: Wire | undefined;
  serve = (call) => {
    const wire = wireOf(call);
    wire.write(MESSAGES[0]!);
    call.on("cancelled", () => void (left = wire));
  };
  const call = client.makeBidiStreamRequest(METHOD, bytesAsTheyAre, bytesAsTheyAre);
  call.on("error", () => {});
  call.on("data", () => call.cancel());
  await until("the end", 5000, () => left !== undefined);
  expect(left!.write(MESSAGES[2]!)).toBe(true);
  const { status } = await ((serve = (other) => void (wireOf(other), other.end())), receive());
  expect(status.code).toBe(Code.OK);
});

/** Sends texts on a stream and ends it. */
function send(texts: readonly string[], end = true): Promise<StatusObject> {
  return new Promise((resolve) => {
    const call = client.makeBidiStreamRequest(METHOD, bytesAsTheyAre, bytesAsTheyAre);
    call.on("data", () => {});
    call.on("error", () => {});
    call.on("status", resolve);
    for (const text of texts) call.write(Buffer.from(text));
    if (end) call.end();
  });
}

test.for([
  ["read past the queue", (call: RawCall) => call, true],
  ["read by grpc-js, where its stream is not found", elsewhere, false],
] as const)("%s: all messages arrive, in order, also late, and then the end", async ([, of, shared]) => {
  const wires: Wire[] = [];
  serve = (call) => {
    // As after an admission that took its time.
    setTimeout(() => void wires.push(wireOf(of(call))), 20);
  };
  void send(TEXTS);
  await until("the end", 5000, () => ended === 1);
  expect(read).toEqual(TEXTS);
  expect(wires.map((wire) => wire.shared)).toEqual([shared]);
});

test("a message that is too large ends its stream alone", async () => {
  serve = (call) => void wireOf(call);
  const status = await send(["a", "b".repeat(MAX_BYTES + 1), "c"], false);
  expect(status).toMatchObject({ code: Code.RESOURCE_EXHAUSTED, details: expect.stringContaining("1000001") });
  expect(read).toEqual(["a"]);
  serve = (call) => void (wireOf(call), call.end());
  expect((await send(["b".repeat(MAX_BYTES)])).code).toBe(Code.OK);
});

test("a client that compresses is read by grpc-js", async () => {
  const wires: Wire[] = [];
  serve = (call) => void wires.push(wireOf(call));
  const zipped = new Client(client.getChannel().getTarget().replace(/^dns:/, ""), credentials.createInsecure(), {
    "grpc.default_compression_algorithm": 2,
  });
  const call = zipped.makeBidiStreamRequest(METHOD, bytesAsTheyAre, bytesAsTheyAre);
  call.on("data", () => {});
  call.on("error", () => {});
  call.write(Buffer.from("d".repeat(10_000)));
  call.end();
  await until("the end", 5000, () => ended === 1);
  expect(read).toEqual(["d".repeat(10_000)]);
  expect(wires.map((wire) => wire.shared)).toEqual([false]);
  zipped.close();
});
