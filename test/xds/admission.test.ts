/** Who gets in: TLS that the client trusts, and a caller that the server knows. */
import { spawn } from "node:child_process";
import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import { create } from "@bufbuild/protobuf";
import { credentials, status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ClusterSchema } from "../../src/gen/envoy/config/cluster/v3/cluster_pb.ts";
import {
  type Admission,
  createSnapshotCache,
  createXdsServer,
  encodeResource,
  type XdsEvent,
  type XdsServer,
} from "../../src/xds/index.ts";
import { connectDelta, type FakeEnvoy } from "../support/fake-envoy.ts";
import { CDS, EDS, loadWire } from "../support/fake-envoy-wire.ts";
import { manualClock } from "../support/manual-clock.ts";
import { selfSigned } from "../support/self-signed.ts";
import { until } from "../support/until.ts";

const wire = loadWire();
const NAME = "heddle.test";
const clock = manualClock();
const first = selfSigned(NAME);
const second = selfSigned(NAME);

let server: XdsServer;
let port: number;
let setCertificate: (certificate: { certificate: string; key: string }) => void;
let events: XdsEvent[];
let decide: (token: string) => Promise<Admission>;
const clients: FakeEnvoy[] = [];

beforeEach(async () => {
  const cache = createSnapshotCache();
  for (const node of ["web.shop", "api.shop"]) {
    cache.setSnapshot(node, {
      resources: [encodeResource(ClusterSchema, create(ClusterSchema, { name: node }), node)],
    });
  }
  const seen: XdsEvent[] = (events = []);
  decide = (token) => {
    const [, node] = /^Bearer (.+)$/.exec(token) ?? [];
    if (node === undefined) return Promise.resolve({ admitted: false, code: "UNAUTHENTICATED", reason: "no-token" });
    return Promise.resolve({ admitted: true, node, until: clock.now() + 1000 });
  };
  server = createXdsServer({
    cache,
    clock,
    authenticate: ({ metadata }) => decide(String(metadata.get("authorization")[0] ?? "")),
    onEvent: (event) => void seen.push(event),
  });
  ({ port, setCertificate } = await server.listenTls({ host: "127.0.0.1", port: 0 }, first));
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await server.close();
});

function client(token: string | undefined, ca = first.certificate, nodeId = "claimed.other"): FakeEnvoy {
  const made = connectDelta({
    wire,
    port,
    nodeId,
    mode: "manual",
    credentials: credentials.createSsl(Buffer.from(ca)),
    serverName: NAME,
    ...(token !== undefined && { authorization: () => `Bearer ${token}` }),
  });
  clients.push(made);
  made.subscribe(CDS);
  return made;
}

function refusals(): string[] {
  return events.flatMap((event) => ("reason" in event ? [`${event.kind}: ${event.reason}`] : []));
}

async function names(made: FakeEnvoy): Promise<string[]> {
  return (await made.next(CDS)).resources.map(({ name }) => name);
}

describe("a stream", () => {
  test("is served as who it was admitted as, whatever node it claims to be", async () => {
    expect(await names(client("web.shop"))).toEqual(["web.shop"]);
    expect(server.clients().map(({ node }) => node.id)).toEqual(["web.shop"]);
    expect(events.find(({ kind }) => kind === "connect")?.node.id).toBe("web.shop");
  });

  test("without a token gets UNAUTHENTICATED and nothing else, and is counted", async () => {
    const made = client(undefined);
    expect((await made.ended).code).toBe(status.UNAUTHENTICATED);
    expect(made.responses).toEqual([]);
    expect(refusals()).toEqual(["unauthenticated: no-token"]);
    expect(server.clients()).toEqual([]);
  });

  test("that cannot be judged for now is told to come back", async () => {
    decide = () => Promise.reject(new Error("the API server is away"));
    expect((await client("web.shop").ended).code).toBe(status.UNAVAILABLE);
    decide = () => Promise.resolve({ admitted: false, code: "UNAVAILABLE", reason: "unavailable" });
    expect((await client("web.shop").ended).code).toBe(status.UNAVAILABLE);
    expect(refusals()).toEqual(["unauthenticated: failed", "unauthenticated: unavailable"]);
  });

  test("ends in good order when its admission does", async () => {
    const made = client("web.shop");
    await made.next(CDS);
    clock.advance(1001);
    expect((await made.ended).code).toBe(status.OK);
    expect(server.clients()).toEqual([]);
  });

  test("that is given up before it is judged leaves nothing behind", async () => {
    const judged = Promise.withResolvers<Admission>();
    let asked = false;
    decide = () => {
      asked = true;
      return judged.promise;
    };
    const made = client("web.shop");
    await until("it is asked about", 5000, () => asked);
    made.reset();
    await made.ended;
    await new Promise((resolve) => setTimeout(resolve, 50));
    judged.resolve({ admitted: true, node: "web.shop" });
    decide = () => Promise.resolve({ admitted: true, node: "api.shop" });
    expect(await names(client("x"))).toEqual(["api.shop"]);
    expect(server.clients().map(({ node }) => node.id)).toEqual(["api.shop"]);
  });
});

describe("a connection", () => {
  test("in plaintext is refused and counted", async () => {
    const made = connectDelta({ wire, port, mode: "manual" });
    clients.push(made);
    made.subscribe(CDS);
    expect((await made.ended).code).toBe(status.UNAVAILABLE);
    await until("it is counted", 5000, () => refusals().includes("refused-connection: plaintext"));
  });

  test("of a client that trusts another CA is refused and counted", async () => {
    // As an Envoy does it, and not as Node does, which verifies when the handshake is over.
    const args = ["s_client", "-connect", `127.0.0.1:${port}`, "-alpn", "h2", "-verify_return_error"];
    const ran = spawn("openssl", args, { stdio: "ignore" });
    expect(await new Promise((resolve) => ran.once("close", resolve))).not.toBe(0);
    await until("it is counted", 5000, () => refusals().includes("refused-connection: untrusted"));
    expect((await client("web.shop", second.certificate).ended).code).toBe(status.UNAVAILABLE);
    expect(server.clients()).toEqual([]);
  });

  test("that does not offer HTTP/2 is refused and counted", async () => {
    const socket = connectTls({ port, host: "127.0.0.1", ca: first.certificate, servername: NAME });
    socket.on("error", () => {});
    await new Promise((resolve) => socket.once("close", resolve));
    expect(refusals()).toEqual(["refused-connection: alpn"]);
  });

  test("that sends rubbish is refused and counted, and the next one is served", async () => {
    const socket = connectTcp(port, "127.0.0.1", () => socket.write(Buffer.alloc(64, 7)));
    socket.on("error", () => {});
    await new Promise((resolve) => socket.once("close", resolve));
    await until("it is counted", 5000, () => refusals().length > 0);
    expect(await names(client("web.shop"))).toEqual(["web.shop"]);
  });

  test("lives on when the certificate is replaced, and new ones see the new one", async () => {
    const old = client("web.shop");
    await old.next(CDS);
    setCertificate(second);
    expect(await names(client("api.shop", second.certificate))).toEqual(["api.shop"]);
    expect((await client("web.shop", first.certificate).ended).code).toBe(status.UNAVAILABLE);
    // The open stream is still served.
    old.subscribe(EDS, ["more"]);
    expect((await old.next(EDS)).removed).toEqual(["more"]);
  });
});
