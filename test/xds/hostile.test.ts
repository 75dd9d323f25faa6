/** Whatever comes over the network ends at most its own stream: the server goes on and serves the next client. */
import { connect as connectHttp2 } from "node:http2";
import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ClusterSchema } from "../../src/gen/envoy/config/cluster/v3/cluster_pb.ts";
import { createSnapshotCache, createXdsServer, encodeResource, type XdsServer } from "../../src/xds/index.ts";
import { decodeDeltaRequest, decodeSotwRequest, RequestTooLarge } from "../../src/xds/decode.ts";
import { connectDelta, connectSotw, type FakeEnvoy } from "../support/fake-envoy.ts";
import { CDS, EDS, loadWire } from "../support/fake-envoy-wire.ts";
import { until } from "../support/until.ts";

const wire = loadWire();
const ADS = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources";
const clusterA = encodeResource(ClusterSchema, create(ClusterSchema, { name: "a" }), "a");
const LIMITS = { namesPerType: 10_000, typesPerStream: 8, streams: 50, requestBytes: 8 * 1024 * 1024 };

let server: XdsServer;
let port: number;
const clients: FakeEnvoy[] = [];

beforeEach(async () => {
  const cache = createSnapshotCache({ viewOf: () => "all" });
  cache.setSnapshot("all", { resources: [clusterA] });
  server = createXdsServer({ cache, limits: LIMITS });
  port = await server.listen("127.0.0.1:0");
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await server.close();
});

function client(options: object = {}, connect = connectDelta): FakeEnvoy {
  const made = connect({ wire, port, nodeId: "n", mode: "manual", ...options });
  clients.push(made);
  return made;
}

/** The server is well: a new client is served. */
async function stillServes(): Promise<void> {
  const next = client({ nodeId: "next" });
  next.subscribe(CDS);
  expect((await next.next(CDS)).resources.map(({ name }) => name)).toEqual(["a"]);
}

/** Sends raw bytes as gRPC messages on one stream and resolves when it has ended. */
function sendRaw(frames: readonly Buffer[], path = ADS): Promise<string> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    session.on("error", reject);
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
    });
    let status = "";
    const end = (): void => {
      session.destroy();
      resolve(status);
    };
    const see = (headers: { "grpc-status"?: string | number }): void => {
      if (headers["grpc-status"] === undefined) return;
      status = String(headers["grpc-status"]);
      end();
    };
    stream.on("response", see);
    stream.on("trailers", see);
    stream.on("error", () => {});
    stream.on("close", end);
    stream.resume();
    for (const frame of frames) stream.write(frame);
    stream.end();
  });
}

function framed(body: Uint8Array, flags = 0): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flags, 0);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

describe("bytes", () => {
  test("decoding gives a request or one of two errors, never anything else", () => {
    const real = fc.constantFrom(
      Buffer.from("0a030a016e1203626f6f1a0161", "hex"),
      Buffer.from("12260a0474797065", "hex"),
      Buffer.from("2a080a0161120176312a00", "hex"),
    );
    const mutated = fc.tuple(real, fc.nat(200), fc.nat(255)).map(([bytes, at, value]) => {
      const copy = Buffer.from(bytes);
      copy[at % copy.length] = value;
      return copy;
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), mutated), (bytes) => {
        for (const decode of [decodeDeltaRequest, decodeSotwRequest]) {
          try {
            expect(decode(bytes, 100).typeUrl).toBeTypeOf("string");
          } catch (error) {
            expect(error).toBeInstanceOf(Error);
          }
        }
      }),
      { numRuns: 5000 },
    );
  });

  test("more names than a request may have are told apart from bytes that are none", () => {
    const names = Buffer.concat(Array.from({ length: 101 }, () => Buffer.from([0x1a, 0x01, 0x61])));
    expect(() => decodeDeltaRequest(names, 100)).toThrow(RequestTooLarge);
    expect(() => decodeDeltaRequest(Buffer.from([0x1a, 0x7f]), 100)).not.toThrow(RequestTooLarge);
  });

  test("200 streams of random bytes end, each by itself", async () => {
    const samples = fc.sample(fc.uint8Array({ maxLength: 200 }), 200);
    for (let i = 0; i < samples.length; i += 20) {
      const batch = samples.slice(i, i + 20);
      await Promise.all(
        batch.map((bytes, j) => sendRaw([j % 3 === 0 ? Buffer.from(bytes) : framed(bytes, j % 7 === 0 ? 1 : 0)])),
      );
    }
    await until("all streams are gone", 10_000, () => server.clients().length === 0);
    await stillServes();
  });

  test("a message that is no request ends its stream with INVALID_ARGUMENT", async () => {
    expect(await sendRaw([framed(Buffer.from([0x1a, 0x7f, 0x01]))])).toBe("3");
    await stillServes();
  });

  test("polling is unimplemented", async () => {
    const path = "/envoy.service.cluster.v3.ClusterDiscoveryService/FetchClusters";
    expect(await sendRaw([framed(Buffer.alloc(0))], path)).toBe("12");
  });
});

describe("too much", () => {
  test("10 000 names are served; one more ends the stream", async () => {
    const many = client();
    many.subscribe(
      EDS,
      Array.from({ length: 10_000 }, (_, i) => `name-${i}`),
    );
    expect((await many.next(EDS)).removed).toHaveLength(10_000);
    many.subscribe(EDS, ["one-more"]);
    expect(await many.ended).toMatchObject({ code: 8 });
    await stillServes();
  });

  test("more types than a stream may have end it", async () => {
    const many = client();
    for (let i = 0; i <= LIMITS.typesPerStream; i++) many.subscribe(`type.googleapis.com/no.such.Type${i}`, ["x"]);
    expect(await many.ended).toMatchObject({ code: 8 });
    await stillServes();
  });

  test("node metadata of megabytes is skipped", async () => {
    const heavy = client({ metadata: { text: "x".repeat(3 * 1024 * 1024) } });
    heavy.subscribe(CDS);
    expect((await heavy.next(CDS)).resources).toHaveLength(1);
    expect(JSON.stringify(server.clients()).length).toBeLessThan(10_000);
  });

  test("a request above the limit ends its stream", async () => {
    expect(await sendRaw([framed(Buffer.alloc(LIMITS.requestBytes + 1))])).toBe("8");
    expect(server.clients()).toEqual([]);
    await stillServes();
  });

  test("streams above the limit are refused, those below stay", async () => {
    const open = Array.from({ length: LIMITS.streams }, (_, i) => client({ nodeId: `n${i}` }));
    for (const one of open) one.subscribe(CDS);
    await Promise.all(open.map((one) => one.next(CDS)));
    const extra = client({ nodeId: "extra" });
    extra.subscribe(CDS);
    expect(await extra.ended).toMatchObject({ code: 8 });
    expect(server.clients()).toHaveLength(LIMITS.streams);
  });
});

describe("odd but lawful", () => {
  test("a type that nobody knows is answered as any other", async () => {
    const one = client();
    one.subscribe("type.googleapis.com/no.such.Type", ["x"]);
    expect((await one.next()).removed).toEqual(["x"]);
  });

  test("several streams of one node are served each for itself", async () => {
    const [first, second] = [client(), client({}, connectSotw)];
    first.subscribe(CDS);
    second.subscribe(CDS);
    expect((await first.next(CDS)).resources).toHaveLength(1);
    expect((await second.next(CDS)).resources).toHaveLength(1);
    expect(server.clients().map(({ node }) => node.id)).toEqual(["n", "n"]);
  });

  test("a half-closed stream is ended in good order", async () => {
    const one = client();
    one.subscribe(CDS);
    await one.next(CDS);
    expect(await one.close()).toMatchObject({ code: 0 });
    expect(server.clients()).toEqual([]);
  });
});

test("versions that the caller gives come out verbatim, and do not decide what is sent", async () => {
  const cache = createSnapshotCache({ viewOf: () => "all" });
  const own = createXdsServer({ cache });
  port = await own.listen("127.0.0.1:0");
  const versions = { [CDS]: { type: "release-7", resources: { a: "seventh" } } };
  cache.setSnapshot("all", { resources: [clusterA], versions });
  const one = client();
  one.subscribe(CDS);
  const response = await one.next(CDS);
  expect(response.version).toBe("release-7");
  expect(response.resources.map(({ version }) => version)).toEqual(["seventh"]);
  one.ack(response);
  // Another version of the same content is no change.
  cache.setSnapshot("all", {
    resources: [clusterA],
    versions: { [CDS]: { type: "release-8", resources: { a: "eighth" } } },
  });
  const changed = encodeResource(ClusterSchema, create(ClusterSchema, { name: "a", respectDnsTtl: true }), "a");
  cache.setSnapshot("all", {
    resources: [changed],
    versions: { [CDS]: { type: "release-8", resources: { a: "eighth" } } },
  });
  const next = await one.next(CDS);
  expect(next.version).toBe("release-8");
  expect(one.responses).toHaveLength(2);
  await own.close();
});
