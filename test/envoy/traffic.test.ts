/** What a TrafficPolicy says, as a real Envoy does it: matches, sticky splits, timeouts, hashing, breakers. */
import { createServer, request, type RequestOptions } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { configSchema } from "../../src/control-plane/config.ts";
import { createControlPlane } from "../../src/control-plane/control-plane.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { bootstrap } from "../../src/translate/bootstrap.ts";
import { type RunningEnvoy, startEnvoy } from "../support/envoy.ts";
import { freePort } from "../support/free-port.ts";
import { until } from "../support/until.ts";

interface Answer {
  readonly status: number;
  readonly body: string;
}

const folder = mkdtempSync(join(tmpdir(), "heddle-traffic-"));
const closing: (() => unknown)[] = [];
let outbound = 0;
let envoy: RunningEnvoy;
let saved = 0;

/** An application that answers with its name, after `x-delay` milliseconds; its port. */
async function app(name: string): Promise<number> {
  const server = createServer((incoming, response) => {
    setTimeout(() => response.end(name), Number(incoming.headers["x-delay"] ?? 0));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

function send(options: RequestOptions = {}): Promise<Answer> {
  const headers = { host: "checkout", ...options.headers };
  return new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port: outbound, ...options, headers, timeout: 10_000 }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
    call.on("timeout", () => call.destroy(new Error("timed out")));
    call.on("error", reject);
    call.end();
  });
}

const pod = (name: string, version: string, ip: string, annotations: string): string => `apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: shop, labels: { app: ${name === "web" ? "web" : "checkout"}, version: ${version} }, annotations: { ${annotations} } }
spec: { containers: [{ name: app }] }
status: { podIP: ${ip} }
---
`;

/** Saves a policy and waits until the sidecar runs it: each one has a marker of its own. */
async function apply(spec: string): Promise<void> {
  const marker = `marker-${++saved}`;
  writeFileSync(
    join(folder, "policy.yaml"),
    `apiVersion: heddle.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: checkout, namespace: shop }
spec:
  targetRefs: [{ kind: Service, name: checkout }]
  subsets:
    - { name: v1, labels: { version: v1 } }
    - { name: v2, labels: { version: v2 } }
  routes:
    - { name: ${marker}, match: [{ path: { exact: /${marker} } }], split: [{ subset: v1 }] }
${spec}`,
  );
  await until("the sidecar runs the policy", 10_000, async () => (await envoy.configDump()).includes(marker));
}

beforeAll(async () => {
  outbound = await freePort();
  const [one, two] = [await app("v1"), await app("v2")];
  const slices = [
    { name: "a", ip: "127.0.0.1", port: one, pod: "checkout-v1" },
    { name: "b", ip: "127.0.0.2", port: two, pod: "checkout-v2" },
  ];
  const second = createServer((_, response) => response.end("v2"));
  await new Promise<void>((done) => second.listen(two, "127.0.0.2", done));
  closing.push(() => second.close());
  const explicit = `heddle.dev/capture: explicit, heddle.dev/outbound-http-port: "${outbound}"`;
  writeFileSync(
    join(folder, "mesh.yaml"),
    pod("web", "v0", "127.0.0.9", explicit) +
      pod("checkout-v1", "v1", "127.0.0.1", "a: b") +
      pod("checkout-v2", "v2", "127.0.0.2", "a: b") +
      `apiVersion: v1
kind: Service
metadata: { name: checkout, namespace: shop }
spec: { clusterIP: 10.96.0.1, selector: { app: checkout }, ports: [{ name: http, port: 80 }] }
` +
      slices
        .map(
          ({ name, ip, port, pod: target }) => `---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: checkout-${name}, namespace: shop, labels: { kubernetes.io/service-name: checkout } }
addressType: IPv4
ports: [{ name: http, port: ${port} }]
endpoints: [{ addresses: [${ip}], targetRef: { kind: Pod, name: ${target}, namespace: shop } }]
`,
        )
        .join(""),
  );
  const config = configSchema.parse({
    source: `dir:${folder}`,
    xdsAddress: "127.0.0.1:0",
    adminAddress: "127.0.0.1:0",
  });
  const controlPlane = createControlPlane(config, { logger: createLogger("silent") });
  closing.push(() => controlPlane.stop());
  const { xdsPort } = await controlPlane.start();
  const text = bootstrap({
    proxy: "web.shop",
    xds: { host: "127.0.0.1", port: xdsPort },
    admin: { host: "x", port: 0 },
  });
  envoy = await startEnvoy({ bootstrap: text });
  closing.push(() => envoy.stop());
});

afterAll(async () => {
  for (const close of closing.toReversed()) await close();
  rmSync(folder, { recursive: true, force: true });
});

describe("matches", () => {
  const to = (match: string): string => `    - { match: [${match}], split: [{ subset: v2 }] }
    - split: [{ subset: v1 }]
`;

  test.each<[match: string, yes: RequestOptions, no: RequestOptions]>([
    ["{ path: { exact: /a } }", { path: "/a?q=1" }, { path: "/a/b" }],
    ["{ path: { prefix: /a } }", { path: "/a/b" }, { path: "/ab" }],
    ['{ path: { regex: "/v[0-9]+/x" } }', { path: "/v12/x" }, { path: "/v12/xy" }],
    ["{ method: POST }", { method: "POST" }, { method: "GET" }],
    ['{ headers: [{ name: x-a, exact: "1" }] }', { headers: { "x-a": "1" } }, { headers: { "x-a": "12" } }],
    ["{ headers: [{ name: x-a, present: false }] }", {}, { headers: { "x-a": "" } }],
    ['{ query: [{ name: q, prefix: "ab" }] }', { path: "/?q=abc" }, { path: "/?q=ba" }],
    [
      '{ cookies: [{ name: user, exact: "a.b" }] }',
      { headers: { cookie: "x=1; user=a.b; y=2" } },
      { headers: { cookie: "x=1; user=aXb; superuser=a.b" } },
    ],
    [
      "{ cookies: [{ name: user, present: false }] }",
      { headers: { cookie: "x=1" } },
      { headers: { cookie: "user=1" } },
    ],
  ])("%s", async (match, yes, no) => {
    await apply(to(match));
    expect((await send(yes)).body).toBe("v2");
    expect((await send(no)).body).toBe("v1");
  });
});

describe("a sticky split", () => {
  const USERS = 200;
  const split = (weight: number): string =>
    `    - split: [{ subset: v1, weight: ${100 - weight} }, { subset: v2, weight: ${weight} }]
      sticky: { header: x-user }
`;
  const sides = async (): Promise<string[]> => {
    const all: string[] = [];
    for (let i = 0; i < USERS; i++) all.push((await send({ headers: { "x-user": `user-${i}` } })).body);
    return all;
  };

  test("keeps every user on a side, and moves none back when the weight grows", async () => {
    await apply(split(30));
    const before = await sides();
    expect(await sides()).toEqual(before);
    const share = before.filter((side) => side === "v2").length;
    expect(share).toBeGreaterThan(USERS * 0.15);
    expect(share).toBeLessThan(USERS * 0.45);
    await apply(split(60));
    const after = await sides();
    expect(after.filter((side, i) => before[i] === "v2" && side !== "v2")).toEqual([]);
    expect(after.filter((side) => side === "v2").length).toBeGreaterThan(share);
  });
});

test("a timeout ends the request, and none means none", async () => {
  await apply(
    "    - { match: [{ path: { prefix: /slow } }], timeout: 0s, split: [{ subset: v1 }] }\n    - { timeout: 100ms, split: [{ subset: v1 }] }\n",
  );
  expect((await send({ headers: { "x-delay": "400" } })).status).toBe(504);
  expect(await send({ path: "/slow", headers: { "x-delay": "400" } })).toEqual({ status: 200, body: "v1" });
});

test("a ring hash sends one key to one endpoint", async () => {
  await apply("  loadBalancing: { policy: RingHash, hashOn: { header: x-session } }\n");
  for (const session of ["a", "b", "c", "d", "e", "f"]) {
    const answers = await Promise.all(Array.from({ length: 10 }, () => send({ headers: { "x-session": session } })));
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
  }
});

test("a circuit breaker answers 503 at once to what is too much", async () => {
  await apply(
    "    - split: [{ subset: v1 }]\n  circuitBreaker: { maxRequests: 1, maxConnections: 1, maxPendingRequests: 1 }\n",
  );
  const answers = await Promise.all(Array.from({ length: 20 }, () => send({ headers: { "x-delay": "300" } })));
  const refused = answers.filter(({ status }) => status === 503).length;
  expect(refused).toBeGreaterThan(10);
  expect(answers.filter(({ status }) => status === 200).length).toBe(20 - refused);
});
