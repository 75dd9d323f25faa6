import { Agent, request } from "node:https";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createWebhookServer, type WebhookServer } from "../../src/kube/webhook-server.ts";
import { selfSigned } from "../support/self-signed.ts";

const NAME = "heddle.heddle-system.svc";
const first = selfSigned(NAME);
const second = selfSigned(NAME);
const TRUST = [first.certificate, second.certificate];

let server: WebhookServer;
let port: number;
let errors: unknown[];
const agents: Agent[] = [];

beforeEach(async () => {
  errors = [];
  server = createWebhookServer({
    certificate: first,
    routes: {
      "/echo": (body) => Promise.resolve({ echo: body }),
      "/size": (body) => Promise.resolve({ size: JSON.stringify(body).length }),
      "/fails": () => Promise.reject(new Error("the secret is hunter2")),
      "/never": () => new Promise(() => {}),
    },
    onError: (error) => void errors.push(error),
    limits: { request: 400, handshake: 200 },
  });
  port = await server.listen({ host: "127.0.0.1", port: 0 });
});

afterEach(async () => {
  for (const agent of agents.splice(0)) agent.destroy();
  await server.close();
});

function client(): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: TRUST, servername: NAME });
  agents.push(agent);
  return agent;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  /** Of the server's certificate. */
  readonly fingerprint: string;
}

function post(path: string, body: string, { agent = client(), method = "POST" } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path, method, agent }, (response) => {
      const fingerprint = (response.socket as TLSSocket).getPeerCertificate().fingerprint256;
      let text = "";
      response.on("data", (chunk) => (text += String(chunk)));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text, fingerprint }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** Resolves when the server ends the connection. */
function ended(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.on("error", () => {});
    socket.on("data", () => {});
    socket.on("close", () => resolve());
  });
}

describe("answers", () => {
  test("a route's, for what was posted", async () => {
    expect(await post("/echo?timeout=10s", '{"a":1}')).toMatchObject({ status: 200, text: '{"echo":{"a":1}}' });
  });
  test.each([
    ["/other", "POST", "{}", 404],
    ["/toString", "POST", "{}", 404],
    ["//", "POST", "{}", 404],
    ["/echo", "GET", "", 405],
    ["/echo", "POST", "{", 400],
    ["/echo", "POST", "", 400],
  ])("%s %s %j: %i", async (path, method, body, status) => {
    expect(await post(path, body, { method })).toMatchObject({ status });
    expect(errors).toEqual([]);
  });
  test("a failure is told to the log, and not to the caller", async () => {
    const { status, text } = await post("/fails", "{}");
    expect(status).toBe(500);
    expect(text).not.toContain("hunter2");
    expect(errors).toMatchObject([{ message: "the secret is hunter2" }]);
  });
  test("a review may be large, but not without bound", async () => {
    expect(await post("/size", JSON.stringify("x".repeat(4_000_000)))).toMatchObject({ text: '{"size":4000002}' });
    const agent = client();
    expect(await post("/size", JSON.stringify("x".repeat(9_000_000)), { agent })).toMatchObject({ status: 413 });
    expect(await post("/size", "1", { agent })).toMatchObject({ status: 200 });
  });
});

describe("a new certificate", () => {
  test("is what new connections see, and every review has its own", async () => {
    const agent = client();
    const before = await post("/echo", "1", { agent });
    server.setCertificate(second);
    // One review a connection, though the client would keep it: the next one goes where the Service leads by then.
    const after = await post("/echo", "2", { agent });
    expect(after.fingerprint).not.toBe(before.fingerprint);
    const other = await post("/echo", "3");
    expect(other).toMatchObject({ status: 200 });
    expect(other.fingerprint).not.toBe(before.fingerprint);
  });
  test("that is none is refused, and the old one stays", async () => {
    expect(() => server.setCertificate({ certificate: "nonsense", key: first.key })).toThrow();
    expect(await post("/echo", "1")).toMatchObject({ status: 200 });
  });
});

describe("clients that do not behave are ended, and others are served meanwhile", () => {
  const clients: Readonly<Record<string, () => Socket>> = {
    "speaks no TLS": () => {
      const socket = connectTcp(port, "127.0.0.1");
      socket.write("POST /echo HTTP/1.1\r\nhost: x\r\n\r\n");
      return socket;
    },
    "never begins its handshake": () => connectTcp(port, "127.0.0.1"),
    "trusts another CA": () => connectTls({ port, host: "127.0.0.1", servername: NAME, ca: [] }),
    "never sends a request": () => connectTls({ port, host: "127.0.0.1", servername: NAME, ca: TRUST }),
    "never ends its request": () => {
      const socket = connectTls({ port, host: "127.0.0.1", servername: NAME, ca: TRUST });
      socket.write("POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{");
      return socket;
    },
    "speaks no HTTP": () => {
      const socket = connectTls({ port, host: "127.0.0.1", servername: NAME, ca: TRUST });
      socket.write("\r\n\r\nnonsense\r\n\r\n");
      return socket;
    },
  };
  test.each(Object.entries(clients))("%s", async (_, connect) => {
    const over = ended(connect());
    expect(await post("/echo", "1")).toMatchObject({ status: 200 });
    await over;
  });
});

describe("listening and closing", () => {
  test("an address that is taken", async () => {
    const other = createWebhookServer({ certificate: first, routes: {} });
    await expect(other.listen({ host: "127.0.0.1", port })).rejects.toMatchObject({ code: "WEBHOOK_LISTEN" });
  });
  test("closing waits neither for idle connections nor for reviews or handshakes that never end", async () => {
    const patient = createWebhookServer({ certificate: first, routes: { "/never": () => new Promise(() => {}) } });
    const at = await patient.listen({ host: "127.0.0.1", port: 0 });
    const idle = connectTcp(at, "127.0.0.1");
    const busy = connectTls({ port: at, host: "127.0.0.1", servername: NAME, ca: TRUST });
    const over = Promise.all([ended(idle), ended(busy)]);
    busy.write("POST /never HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}");
    await new Promise((resolve) => busy.once("secureConnect", resolve));
    await patient.close();
    await over;
  });
});
