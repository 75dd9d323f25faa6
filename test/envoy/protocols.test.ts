/** gRPC, WebSocket and server-first TCP by way of real Envoys, and what a policy's edits do to what is open: nothing. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Fleet, SPARE_PORT, startFleet } from "../support/fleet.ts";
import type { GrpcClient } from "../support/grpc-echo.ts";
import { expectShare, tally } from "../support/shares.ts";

/** Edits of every part of a policy. */
const EDITS = [
  "    - { split: [{ subset: v1, weight: 90 }, { subset: v2, weight: 10 }] }\n",
  "    - { split: [{ subset: v2 }], sticky: { cookie: side, ttl: 1h } }\n",
  "    - { match: [{ path: { prefix: /a } }], timeout: 1s, retries: { attempts: 3 }, mirror: [{ subset: v2 }] }\n",
  "    - { fault: { abort: { status: 503 } } }\n",
  "    - { redirect: { host: a.example } }\n",
  "    - { rateLimit: { requests: 1, per: 1h } }\n",
  "    - { headers: { request: { set: [{ name: x-a, value: b }] } }, cors: { allowOrigins: [{ exact: '*' }] } }\n",
  "  loadBalancing: { policy: RingHash, hashOn: { header: x-user }, boundedLoad: { percent: 150 } }\n",
  "  loadBalancing: { affinity: { cookie: { name: route } }, slowStart: 10s, locality: { failover: true } }\n",
  '  loadBalancing: { locality: { distribute: [{ from: "*", to: [{ zone: a, weight: 1 }] }] } }\n',
  "  connection: { connectTimeout: 2s, idleTimeout: 1h, maxRequestsPerConnection: 10 }\n",
  "  circuitBreaker: { maxConnections: 50, maxRequests: 50 }\n",
  "  outlierDetection: { consecutive5xx: 3, interval: 1s }\n",
  "  healthCheck: { tcp: {}, interval: 1s }\n",
  `  tcp: { split: [{ subset: v1, weight: 0 }, { subset: v2, weight: 1 }, { service: spare, port: ${SPARE_PORT}, weight: 9 }] }\n`,
  "",
];

describe.each(["1.40.0", "1.37.0"])("Envoy %s", (version) => {
  let fleet: Fleet;
  let client: GrpcClient;
  let listeners: string;
  const listenersOf = (): Promise<string> => fleet.envoy.admin("/config_dump?resource=dynamic_listeners");

  beforeAll(async () => {
    fleet = await startFleet({
      envoy: version,
      members: { old: { version: "v1" }, new: { version: "v2", zone: "b" }, other: { version: "v3" } },
    });
    client = fleet.grpc();
    listeners = await listenersOf();
  });

  afterAll(async () => {
    expect(await listenersOf()).toBe(listeners);
    await fleet.close();
  });

  test("gRPC calls are told apart by service and method", async () => {
    await fleet.apply(`    - match: [{ grpc: { service: shop.v1.Checkout, method: Pay } }, { grpc: { service: shop.v2.Checkout } }]
      split: [{ subset: v2 }]
    - split: [{ subset: v1 }]
`);
    expect(await client.call("shop.v1.Checkout/Pay")).toBe("new");
    expect(await client.call("shop.v1.Checkout/Refund")).toBe("old");
    expect(await client.call("shop.v1.CheckoutAdmin/Pay")).toBe("old");
    expect(await client.call("shop.v2.Checkout/Refund")).toBe("new");
    const [one, two] = [client.watch("shop.v1.Checkout"), client.watch("shop.v2.Checkout")];
    for (let i = 0; i < 3; i++) expect([await one.ask(), await two.ask()]).toEqual(["old", "new"]);
    one.end();
    two.end();
    // A POST to the same path is the same call, a GET is none.
    const path = "/shop.v2.Checkout/Pay";
    expect((await fleet.send({ path, method: "POST" })).body).toBe("new");
    expect((await fleet.send({ path })).body).toBe("old");
  });

  test("gRPC calls are split one by one, over one connection", async () => {
    await fleet.apply("    - split: [{ subset: v1, weight: 800 }, { subset: v2, weight: 200 }]\n");
    const members: string[] = [];
    while (members.length < 500) {
      members.push(...(await Promise.all(Array.from({ length: 20 }, () => client.call("shop.v1.Checkout/Pay")))));
    }
    expectShare(tally(members), ["new"], 0.2);
  });

  test("the server speaks first, and is heard", async () => {
    await fleet.apply("");
    const line = await fleet.dial();
    expect(["old", "new"]).toContain(line.member);
    expect(await line.ask()).toBe(line.member);
    line.end();
  });

  test("open sockets, streams and connections outlive every edit of the policy", async () => {
    await fleet.apply("");
    const sockets = await Promise.all(Array.from({ length: 8 }, () => fleet.upgrade()));
    const lines = await Promise.all(Array.from({ length: 8 }, () => fleet.dial()));
    const streams = Array.from({ length: 8 }, () => client.watch("shop.v1.Checkout"));
    const all = (): Promise<readonly string[]> =>
      Promise.all([...sockets, ...lines, ...streams].map((open) => open.ask()));
    const members = await all();
    expect(new Set(members).size).toBeGreaterThan(1);
    for (const edit of EDITS) {
      await fleet.apply(edit);
      expect(await all(), edit).toEqual(members);
    }
    for (const open of [...sockets, ...lines, ...streams]) open.end();
  });
});
