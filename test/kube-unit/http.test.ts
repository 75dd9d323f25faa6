/** Requests to a server that answers oddly or not at all. */
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exchange, readAll } from "../../src/kube/http.ts";

let server: Server;
let url: URL;
let answer: (response: ServerResponse) => void;

beforeEach(async () => {
  server = createServer((_, response) => answer(response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/things`);
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function get(options: Partial<Parameters<typeof exchange>[0]> = {}) {
  const defaults = { url, options: {}, method: "GET", headers: {}, body: undefined, idle: 5000, signal: undefined };
  return exchange({ ...defaults, ...options });
}

function refuse(status: number, body: string, headers: Record<string, string> = {}): void {
  answer = (response) => response.writeHead(status, headers).end(body);
}

describe("a refusal", () => {
  test("says what the API server's Status says", async () => {
    refuse(409, '{"kind":"Status","reason":"Conflict","message":"it changed"}');
    await expect(get()).rejects.toMatchObject({
      code: "KUBE_API",
      status: 409,
      reason: "Conflict",
      retryAfter: undefined,
      message: "GET /things: 409 it changed",
    });
  });
  test.each([
    ["7", 7000],
    ["0", 0],
    ["-1", undefined],
    ["soon", undefined],
  ])("with Retry-After %j", async (value, retryAfter) => {
    refuse(429, "slow down", { "retry-after": value });
    await expect(get()).rejects.toMatchObject({
      status: 429,
      message: "GET /things: 429 Too Many Requests",
      retryAfter,
    });
  });
  test.each(["", "null", "[]", '{"message":5}', "<html>"])("with the body %j", async (body) => {
    refuse(502, body);
    await expect(get()).rejects.toMatchObject({ status: 502, reason: "", message: "GET /things: 502 Bad Gateway" });
  });
});

describe("no answer", () => {
  const unreachable = { name: "KubeError", code: "KUBE_UNREACHABLE", status: 0 };

  test("while connecting", async () => {
    // A name that is never resolved stands for a machine that drops packets: the socket goes on connecting.
    const hanging = get({ url: new URL("http://api.test/things"), idle: 50, options: { lookup: () => {} } });
    await expect(hanging).rejects.toMatchObject({
      ...unreachable,
      message: "GET /things: the API server does not answer: nothing was received for 50 ms",
    });
  });
  test("before its head", async () => {
    answer = () => {};
    await expect(get({ idle: 50 })).rejects.toMatchObject(unreachable);
  });
  test("within it", async () => {
    answer = (response) => void response.writeHead(200).write("[1,");
    const reading = get({ idle: 50 }).then((response) => readAll("GET /things", response));
    await expect(reading).rejects.toMatchObject({
      ...unreachable,
      message: "GET /things: the answer broke off: nothing was received for 50 ms",
    });
  });
  test("within a refusal", async () => {
    answer = (response) => void response.writeHead(500).write("{");
    await expect(get({ idle: 50 })).rejects.toMatchObject(unreachable);
  });
  test("because the connection was reset", async () => {
    answer = (response) => void response.socket?.destroy();
    await expect(get()).rejects.toMatchObject(unreachable);
  });
  test("because it was called off", async () => {
    const stop = new AbortController();
    answer = () => stop.abort();
    await expect(get({ signal: stop.signal })).rejects.toMatchObject(unreachable);
    await expect(get({ signal: stop.signal })).rejects.toMatchObject(unreachable);
  });
});

test("requests leave nothing behind on a signal that outlives them", async () => {
  const stop = new AbortController();
  answer = (response) => void response.writeHead(200).end("{}");
  for (let i = 0; i < 30; i++) await readAll("", await get({ signal: stop.signal }));
  expect(getEventListeners(stop.signal, "abort").length).toBeLessThan(5);
});
