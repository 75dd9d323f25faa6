/** What a TrafficPolicy says, as a real Envoy does it: matches, sticky splits, timeouts, hashing, breakers. */
import type { RequestOptions } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PolicySidecar, startPolicySidecar } from "../support/policy-sidecar.ts";

let sidecar: PolicySidecar;
const apply = (spec: string): Promise<void> => sidecar.apply(spec);
const send: PolicySidecar["send"] = (options) => sidecar.send(options);

beforeAll(async () => {
  sidecar = await startPolicySidecar();
});

afterAll(() => sidecar.close());

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
  expect(await send({ path: "/slow", headers: { "x-delay": "400" } })).toMatchObject({ status: 200, body: "v1" });
});

test("a retry waits as long as the answer asks for", async () => {
  const retries = (max: string): string =>
    `    - { split: [{ subset: v1 }], retries: { attempts: 1, onStatus: [429], retryAfter: { max: ${max} } } }\n`;
  sidecar.setStatus("v1", 429);
  try {
    await apply(retries("10s"));
    const start = performance.now();
    const answer = send();
    await new Promise((resolve) => setTimeout(resolve, 500));
    // The application is well again long before the second try.
    sidecar.setStatus("v1", 200);
    expect((await answer).status).toBe(200);
    expect(performance.now() - start).toBeGreaterThan(990);
  } finally {
    sidecar.setStatus("v1", 200);
  }
});

test("a retry goes to another endpoint than the one that failed", async () => {
  await apply("    - { retries: { attempts: 1, conditions: [5xx] } }\n");
  sidecar.setStatus("v1", 500);
  try {
    const answers = await Promise.all(Array.from({ length: 100 }, () => send()));
    // Asked at random, the one that fails would be asked twice for a quarter of them.
    expect(answers.filter(({ body }) => body === "v2")).toHaveLength(100);
  } finally {
    sidecar.setStatus("v1", 200);
  }
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
