/** Sessions that stay with one endpoint, while others come and go and while their own is on its way out. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Fleet, startFleet } from "../support/fleet.ts";

const SESSIONS = 12;

describe.each(["1.40.0", "1.37.0"])("Envoy %s", (version) => {
  let fleet: Fleet;
  let listeners: string;
  const listenersOf = (): Promise<string> => fleet.envoy.admin("/config_dump?resource=dynamic_listeners");

  beforeAll(async () => {
    const member = { version: "v1" };
    fleet = await startFleet({ envoy: version, members: { a: member, b: member, c: member, d: member } });
    listeners = await listenersOf();
  });

  afterAll(async () => {
    expect(await listenersOf()).toBe(listeners);
    await fleet.close();
  });

  /** Opens sessions; what each has to send, and who answered first. */
  async function sessions(
    key: "cookie" | "x-session",
  ): Promise<readonly (readonly [headers: Record<string, string>, first: string])[]> {
    const opened: (readonly [Record<string, string>, string])[] = [];
    for (let i = 0; i < SESSIONS; i++) {
      const { headers, body } = await fleet.send();
      const given = key === "cookie" ? headers["set-cookie"]?.[0]?.split(";")[0] : headers[key];
      if (typeof given !== "string") throw new Error(`no ${key} in ${JSON.stringify(headers)}`);
      opened.push([{ [key]: given }, body]);
    }
    return opened;
  }

  test.each([
    ["cookie", "{ cookie: { name: route } }"],
    ["x-session", "{ header: x-session }"],
  ] as const)("by %s: every request of a session is answered by one endpoint", async (key, affinity) => {
    await fleet.set({ a: "ready", b: "ready", c: "absent", d: "ready" });
    await fleet.apply(`  loadBalancing: { policy: RoundRobin, affinity: ${affinity} }\n`);
    const opened = await sessions(key);
    expect(new Set(opened.map(([, first]) => first)).size).toBe(3);
    const stay = async (of = opened): Promise<void> => {
      for (const [headers, first] of of) {
        for (let i = 0; i < 5; i++) expect((await fleet.send({ headers })).body).toBe(first);
      }
    };
    await stay();
    await fleet.set({ c: "ready" });
    await stay();
    // One that serves its last requests keeps its sessions and gets no others.
    await fleet.set({ a: "draining" });
    await stay();
    const late = await sessions(key);
    expect(late.map(([, first]) => first)).not.toContain("a");
    await fleet.set({ c: "absent" });
    await stay();
    // Only the sessions of what is gone move, and stay where they have moved to.
    await fleet.set({ a: "absent" });
    await stay(opened.filter(([, first]) => first !== "a"));
    const [lost] = opened.find(([, first]) => first === "a")!;
    expect(["b", "d"]).toContain((await fleet.send({ headers: lost })).body);
  });

  test("strict: a session whose endpoint is gone is answered 503", async () => {
    await fleet.set({ a: "ready", b: "ready", c: "ready", d: "ready" });
    await fleet.apply("  loadBalancing: { policy: RoundRobin, affinity: { header: x-session, strict: true } }\n");
    const opened = await sessions("x-session");
    await fleet.set({ a: "absent" });
    for (const [headers, first] of opened) {
      const { status, body } = await fleet.send({ headers });
      if (first === "a") expect(status).toBe(503);
      else expect([status, body]).toEqual([200, first]);
    }
  });

  test("without affinity a session is not kept", async () => {
    await fleet.set({ a: "ready", b: "ready", c: "ready", d: "ready" });
    await fleet.apply("  loadBalancing: { policy: RoundRobin }\n");
    const headers = { cookie: "route=x" };
    const bodies = await Promise.all(Array.from({ length: 40 }, () => fleet.send({ headers })));
    expect(new Set(bodies.map(({ body }) => body)).size).toBe(4);
    expect(bodies.filter((answer) => answer.headers["set-cookie"])).toEqual([]);
  });
});
