/** Connections divided by weights, while those that are open stay open and no listener changes. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Fleet, type Line, SPARE_PORT, startFleet } from "../support/fleet.ts";
import { expectShare, tally } from "../support/shares.ts";

const CONNECTIONS = 600;

describe.each(["1.40.0", "1.37.0"])("Envoy %s", (version) => {
  let fleet: Fleet;
  let listeners: string;
  const open: Line[] = [];
  const listenersOf = (): Promise<string> => fleet.envoy.admin("/config_dump?resource=dynamic_listeners");

  beforeAll(async () => {
    fleet = await startFleet({
      envoy: version,
      members: {
        old1: { version: "v1" },
        old2: { version: "v1", zone: "b" },
        old3: { version: "v1" },
        new1: { version: "v2", zone: "b" },
        other: { version: "v3" },
      },
    });
    listeners = await listenersOf();
  });

  afterEach(() => {
    for (const line of open.splice(0)) line.end();
  });

  afterAll(async () => {
    expect(await listenersOf()).toBe(listeners);
    await fleet.close();
  });

  async function apply(split: string, more = ""): Promise<void> {
    await fleet.apply(`  tcp: { split: [${split}] }\n${more}`);
    await fleet.settle();
  }

  async function greeted(): Promise<ReadonlyMap<string, number>> {
    const by: string[] = [];
    while (by.length < CONNECTIONS) {
      const lines = await Promise.all(Array.from({ length: 10 }, () => fleet.dial()));
      for (const line of lines) {
        by.push(line.member);
        line.end();
      }
    }
    return tally(by);
  }

  test.each([
    ["", "by default"],
    ["  loadBalancing: { policy: Random }\n", "with Random"],
    ["  loadBalancing: { locality: { failover: true } }\n", "with failover"],
    [
      '  loadBalancing: { locality: { distribute: [{ from: "*", to: [{ zone: a, weight: 1 }] }] } }\n',
      "with shares of zones",
    ],
  ])("90 and 10 are 90 and 10, and the endpoints of an entry count alike: %s", async (more) => {
    await apply("{ subset: v1, weight: 90 }, { subset: v2, weight: 10 }", more);
    const by = await greeted();
    expectShare(by, ["new1"], 0.1);
    for (const name of ["old1", "old2", "old3"]) expectShare(by, [name], 0.3);
  });

  test("connections that stay open do not bend the shares", async () => {
    await apply("{ subset: v1, weight: 90 }, { subset: v2, weight: 10 }");
    while (open.length < 400) open.push(...(await Promise.all(Array.from({ length: 20 }, () => fleet.dial()))));
    expectShare(tally(open.map(({ member }) => member)), ["new1"], 0.1);
  });

  test("to another service, by the thousandth", async () => {
    await apply(
      `{ subset: v1, weight: 499 }, { subset: v2, weight: 1 }, { service: spare, port: ${SPARE_PORT}, weight: 500 }`,
    );
    const by = await greeted();
    expectShare(by, ["other"], 0.5);
    expectShare(by, ["new1"], 0.001);
  });

  test("an endpoint that is not ready leaves its part to those of its entry, an entry without any to the others", async () => {
    await apply("{ subset: v1, weight: 50 }, { subset: v2, weight: 50 }");
    await fleet.set({ old1: "unready", old2: "draining" });
    try {
      expectShare(await greeted(), ["old3"], 0.5);
      await fleet.set({ new1: "unready" });
      expect(await greeted()).toEqual(new Map([["old3", CONNECTIONS]]));
    } finally {
      await fleet.set({ old1: "ready", old2: "ready", new1: "ready" });
    }
  });

  test("open connections outlive every change", async () => {
    await fleet.apply("");
    for (let i = 0; i < 12; i++) open.push(await fleet.dial());
    const members = open.map(({ member }) => member);
    const all = async (): Promise<readonly string[]> => Promise.all(open.map((line) => line.ask()));
    for (const change of [
      "  tcp: { split: [{ subset: v1, weight: 99 }, { subset: v2, weight: 1 }] }\n",
      "  tcp: { split: [{ subset: v1, weight: 1 }, { subset: v2, weight: 99 }] }\n",
      "  tcp: { split: [{ subset: v1, weight: 0 }, { subset: v2, weight: 100 }] }\n",
      `  tcp: { split: [{ service: spare, port: ${SPARE_PORT} }] }\n  circuitBreaker: { maxConnections: 100 }\n`,
      "  loadBalancing: { policy: RoundRobin }\n  connection: { connectTimeout: 2s }\n",
      "",
    ]) {
      await fleet.apply(change);
      await fleet.settle();
      expect(await all()).toEqual(members);
    }
    expect(open.every((line) => line.open)).toBe(true);
  });

  test("all go elsewhere at once where the weight is 0, and the breaker holds", async () => {
    await apply("{ subset: v1, weight: 0 }, { subset: v2, weight: 100 }", "  circuitBreaker: { maxConnections: 3 }\n");
    for (let i = 0; i < 3; i++) open.push(await fleet.dial());
    expect(open.map(({ member }) => member)).toEqual(["new1", "new1", "new1"]);
    await expect(fleet.dial()).rejects.toThrow("closed");
  });
});
