/** Limits of the sidecars of a service itself, whoever calls, and what they keep open to it. */
import { createServer as createHttpServer } from "node:http";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEFAULT_VERSION, OLDEST_VERSION } from "../../scripts/envoy.ts";
import type { RunningEnvoy } from "../support/envoy.ts";
import { freePort } from "../support/free-port.ts";
import { httpSend, statusCounts } from "../support/http-send.ts";
import { pod, service, type SidecarMesh, startSidecarMesh, trafficPolicy } from "../support/sidecar-mesh.ts";
import { until } from "../support/until.ts";

describe.each([DEFAULT_VERSION, OLDEST_VERSION])("Envoy %s", (version) => {
  let mesh: SidecarMesh;
  let envoy: RunningEnvoy;
  let listeners: string;
  const held: (() => void)[] = [];
  const ports = { http: 0, tcp: 0 };
  /** The HTTP application's connections that are open. */
  const open = new Set<Socket>();
  const sockets = new Set<Socket>();

  beforeAll(async () => {
    mesh = await startSidecarMesh(version);
    ports.http = await freePort();
    ports.tcp = await freePort();
    const web = createHttpServer((_, response) => void held.push(() => response.end("done")));
    web.keepAliveTimeout = 0;
    web.on("connection", (socket: Socket) => {
      open.add(socket);
      socket.once("close", () => open.delete(socket));
    });
    await new Promise<void>((done) => web.listen(0, "127.0.0.1", done));
    mesh.onClose(() => {
      web.close();
      web.closeAllConnections();
    });
    const { port: app } = web.address() as AddressInfo;
    const tcp = createServer((socket) => socket.on("error", () => {}).pipe(socket));
    await new Promise<void>((done) => tcp.listen(0, "127.0.0.1", done));
    mesh.onClose(() => {
      for (const socket of sockets) socket.destroy();
      tcp.close();
    });
    const inbound = `heddle.dev/inbound-ports: "${ports.http}:${app}, ${ports.tcp}:${(tcp.address() as AddressInfo).port}"`;
    const annotations = `${inbound}, heddle.dev/outbound-http-port: "${await freePort()}"`;
    mesh.write(
      "mesh.yaml",
      pod({ name: "checkout", ip: "127.0.0.5", app: "checkout", annotations }) +
        service("checkout", ports.http) +
        service("other", ports.tcp, "tcp").replace("app: other", "app: checkout"),
    );
    envoy = await mesh.sidecar("checkout.shop");
    listeners = await envoy.admin("/config_dump?resource=dynamic_listeners");
  });

  afterAll(async () => {
    expect(await envoy.admin("/config_dump?resource=dynamic_listeners")).toBe(listeners);
    await mesh.close();
  });

  /** What was refused at one port, by all counters of the sort. */
  async function refusedAt(port: number, counters: string): Promise<number> {
    const found = await envoy.stats(`cluster.inbound.${port}.*${counters}`);
    return Object.values(found).reduce((sum, count) => sum + count, 0);
  }

  async function runs(...parts: readonly string[]): Promise<void> {
    await until("the sidecar has the limits", 10_000, async () => {
      const clusters = await envoy.admin("/config_dump?resource=dynamic_active_clusters");
      return parts.every((part) => clusters.includes(part));
    });
  }

  test("requests above the limit are refused at once, and those below are not", async () => {
    mesh.write("policy.yaml", trafficPolicy("checkout", "  inbound: { maxRequests: 7 }\n"));
    await runs(`"max_requests": 7`);
    const refused: number[] = [];
    const all = Array.from({ length: 20 }, async () => {
      const answer = await httpSend(ports.http, { host: "127.0.0.5" });
      if (answer.status === 503) refused.push(answer.status);
      return answer;
    });
    await until("13 are refused while 7 are held", 10_000, () => refused.length === 13 && held.length === 7);
    for (const end of held.splice(0)) end();
    expect(statusCounts(await Promise.all(all))).toEqual({ 200: 7, 503: 13 });
    expect(await refusedAt(ports.http, "upstream_rq_.*_overflow")).toBe(13);
  });

  test("a connection without requests is closed before an application would do it; one with a request is not", async () => {
    const answers = [0, 1].map(() => httpSend(ports.http, { host: "127.0.0.5" }));
    await until("two requests are held", 10_000, () => held.length === 2);
    held.shift()!();
    // By the sidecar: this application never does.
    await until("one connection is open", 10_000, () => open.size === 1);
    held.shift()!();
    expect(statusCounts(await Promise.all(answers))).toEqual({ 200: 2 });
    await until("none is", 10_000, () => open.size === 0);
  });

  test("connection n + 1 to a TCP port is closed", async () => {
    mesh.write("other.yaml", trafficPolicy("other", "  inbound: { maxConnections: 3 }\n"));
    await runs(`"max_connections": 3`);
    const talk = (): Promise<string> =>
      new Promise((resolve) => {
        const socket = connect({ host: "127.0.0.5", port: ports.tcp }, () => socket.write("x"));
        sockets.add(socket);
        socket.once("data", () => resolve("echo"));
        socket.once("close", () => resolve("closed"));
        socket.once("error", () => resolve("closed"));
      });
    const open: string[] = [];
    for (let i = 0; i < 5; i++) open.push(await talk());
    expect(open).toEqual(["echo", "echo", "echo", "closed", "closed"]);
    expect(await refusedAt(ports.tcp, "upstream_cx_overflow")).toBe(2);
  });
});
