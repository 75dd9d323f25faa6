/** A client that asks and never reads: what waits for it on the server is bounded, and others are served. */
import { type ClientHttp2Stream, connect as connectHttp2 } from "node:http2";
import { create } from "@bufbuild/protobuf";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ClusterSchema } from "../../src/gen/envoy/config/cluster/v3/cluster_pb.ts";
import { createSnapshotCache, createXdsServer, encodeResource, type XdsServer } from "../../src/xds/index.ts";
import { connectDelta } from "../support/fake-envoy.ts";
import { CDS, loadWire } from "../support/fake-envoy-wire.ts";
import { until } from "../support/until.ts";

const wire = loadWire();
const REQUESTS = 300;
const MIB = 2 ** 20;
// One response holds a mebibyte: without a bound, 300 MiB would wait.
const big = encodeResource(ClusterSchema, create(ClusterSchema, { name: "a", altStatName: "x".repeat(MIB) }), "a");

let server: XdsServer;
let port: number;
let sent = 0;
const closers: (() => void)[] = [];

beforeEach(async () => {
  sent = 0;
  const cache = createSnapshotCache({ viewOf: () => "all" });
  cache.setSnapshot("all", { resources: [big] });
  server = createXdsServer({
    cache,
    onEvent: (event) => {
      if (event.kind === "action" && event.action.kind === "send") sent++;
    },
  });
  port = await server.listen("127.0.0.1:0");
});

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) close();
  await server.close();
});

/** A stream whose answers are left unread, so that flow control stops the server. */
function unread(path: string): ClientHttp2Stream {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  session.on("error", () => {});
  closers.push(() => session.destroy());
  const headers = { ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" };
  const stream = session.request(headers);
  stream.on("error", () => {});
  return stream;
}

function frame(body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

/** Writes a message many times and gives the server time to take them all in. */
async function flood(stream: ClientHttp2Stream, bodies: readonly Buffer[]): Promise<void> {
  for (let i = 0; i < REQUESTS; i++) for (const body of bodies) stream.write(frame(body));
  await until("the server is served", 10_000, async () => (await served()).length === 1);
  await new Promise((resolve) => setTimeout(resolve, 500));
}

async function served(): Promise<readonly string[]> {
  const other = connectDelta({ wire, port, nodeId: "other", mode: "manual" });
  try {
    other.subscribe(CDS);
    return (await other.next(CDS)).resources.map(({ name }) => name);
  } finally {
    other.destroy();
  }
}

const buffered = (): number => process.memoryUsage().arrayBuffers / MIB;

test("of a discovery stream", async () => {
  const stream = unread("/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources");
  const subscribe = wire.delta(undefined).serialize({ type_url: CDS, resource_names_subscribe: ["a"] });
  const unsubscribe = wire.delta(undefined).serialize({ type_url: CDS, resource_names_unsubscribe: ["a"] });
  const before = buffered();
  await flood(stream, [subscribe, unsubscribe]);
  expect(sent).toBeLessThan(20);
  expect(buffered() - before).toBeLessThan(60);
});

test("of a status stream", async () => {
  const stand = connectDelta({ wire, port, nodeId: "n", mode: "manual" });
  closers.push(() => stand.destroy());
  stand.subscribe(CDS);
  await stand.next(CDS);
  const before = buffered();
  await flood(unread("/envoy.service.status.v3.ClientStatusDiscoveryService/StreamClientStatus"), [Buffer.alloc(0)]);
  expect(buffered() - before).toBeLessThan(60);
});
