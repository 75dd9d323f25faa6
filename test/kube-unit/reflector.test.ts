import { afterEach, describe, expect, test } from "vitest";
import { KubeError } from "../../src/kube/errors.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import { type Reflector, type ReflectorEvent, startReflector } from "../../src/kube/reflector.ts";
import { createStore } from "../../src/kube/store.ts";
import { manualClock } from "../support/manual-clock.ts";
import { type Call, scriptedClient, settle, thing } from "./scripted-client.ts";

const reflectors: Reflector[] = [];
afterEach(() => Promise.all(reflectors.splice(0).map((reflector) => reflector.close())));

const TIMING = { backoffBase: 100, backoffMax: 1600, stable: 5000 };

function setUp(keep: (object: KubeObject) => KubeObject | undefined = (object) => object) {
  const client = scriptedClient();
  const clock = manualClock();
  const deleted: string[] = [];
  const events: ReflectorEvent[] = [];
  const store = createStore<KubeObject>((key) => {
    if (!store.items.has(key)) deleted.push(key);
  });
  const reflector = startReflector({
    client,
    path: "/things",
    store,
    keep,
    clock,
    random: () => 0,
    timing: TIMING,
    onEvent: (event) => void events.push(event),
  });
  reflectors.push(reflector);
  return {
    client,
    clock,
    deleted,
    events,
    store,
    reflector,
    has: () => [...store.items].map(([key, { metadata }]) => `${key}@${metadata.resourceVersion}`).sort(),
    retries: () => events.flatMap((event) => (event.kind === "failed" ? [event.retryIn] : [])),
    /** Lists `a/one` and `a/two` at version 10, and gives back the watch that follows. */
    async begin(): Promise<Call> {
      (await client.next("list")).answer([thing("one", "1"), thing("two", "2")], "10");
      await reflector.synced;
      return client.next("watch");
    },
  };
}

const gone = { kind: "Status", code: 410, reason: "Expired", message: "too old resource version: 10 (99)" };

describe("a watch", () => {
  test("goes on from the list, and its events reach the store", async () => {
    const { begin, has, deleted } = setUp();
    const call = await begin();
    expect(call.query).toMatchObject({ watch: "1", resourceVersion: "10", allowWatchBookmarks: "true" });
    const watch = call.stream();
    watch.send("ADDED", thing("three", "11"));
    watch.send("MODIFIED", thing("one", "12"));
    watch.send("DELETED", thing("two", "13"));
    await settle();
    expect(has()).toEqual(["a/one@12", "a/three@11"]);
    expect(deleted).toEqual(["a/two"]);
  });

  test("that ends in good order is asked for again where it ended, bookmarks included", async () => {
    const { begin, client, clock } = setUp();
    const watch = (await begin()).stream();
    watch.send("BOOKMARK", { kind: "Thing", metadata: { resourceVersion: "40" } });
    await settle();
    clock.advance(240_000);
    watch.end();
    expect((await client.next("watch")).query).toMatchObject({ resourceVersion: "40" });
  });

  test("that ends at once is not asked for in a tight loop", async () => {
    const { begin, client, clock } = setUp();
    let call = await begin();
    const delays: number[] = [];
    for (let i = 0; i < 7; i++) {
      call.stream().end();
      const asked = clock.now();
      await settle();
      const before = client.calls.length;
      while (client.calls.length === before) {
        clock.advance(10);
        await settle();
      }
      delays.push(clock.now() - asked);
      call = await client.next("watch");
    }
    expect(delays).toEqual([50, 100, 200, 400, 800, 800, 800]);
  });

  test("that is too old is followed by a new list, and nothing is withdrawn before that is complete", async () => {
    const { begin, client, clock, deleted, has } = setUp();
    const watch = (await begin()).stream();
    watch.send("ERROR", gone);
    await settle();
    clock.advance(50);
    const list = await client.next("list");
    expect(has()).toEqual(["a/one@1", "a/two@2"]);
    list.answer([thing("one", "1")], "99", "page-2");
    const second = await client.next("list");
    expect(second.query).toMatchObject({ continue: "page-2" });
    expect([has(), deleted]).toEqual([["a/one@1", "a/two@2"], []]);
    second.answer([thing("three", "50")], "99");
    expect((await client.next("watch")).query).toMatchObject({ resourceVersion: "99" });
    expect([has(), deleted]).toEqual([["a/one@1", "a/three@50"], ["a/two"]]);
  });

  test("that is too old from the start is no different", async () => {
    const { begin, client, clock, deleted } = setUp();
    (await begin()).refuse(new KubeError("too old", { status: 410, reason: "Expired" }));
    await settle();
    clock.advance(50);
    (await client.next("list")).answer([thing("one", "1"), thing("two", "2")], "99");
    expect((await client.next("watch")).query).toMatchObject({ resourceVersion: "99" });
    expect(deleted).toEqual([]);
  });

  test.each([
    "{oops",
    '{"type":"ADDED","object":{}}',
    '{"type":"NEW","object":{"metadata":{"name":"x"}}}',
    "[]",
    "null",
  ])("goes on after its last good event when it sends %s", async (text) => {
    const { begin, client, clock, has, events } = setUp();
    const watch = (await begin()).stream();
    watch.send("ADDED", thing("three", "11"));
    watch.write(`${text}\n`);
    await settle();
    expect(events.at(-1)).toMatchObject({ kind: "failed", error: { code: "KUBE_API" } });
    clock.advance(50);
    expect((await client.next("watch")).query).toMatchObject({ resourceVersion: "11" });
    expect(has()).toEqual(["a/one@1", "a/three@11", "a/two@2"]);
  });
});

describe("a broken connection", () => {
  test.each(["cut within an event", "reset"])("%s: the watch goes on where it was", async (how) => {
    const { begin, client, clock, has } = setUp();
    const watch = (await begin()).stream();
    watch.send("ADDED", thing("three", "11"));
    await settle();
    if (how === "reset") watch.break("read ECONNRESET");
    else {
      watch.write('{"type":"MODIFIED","object":{"metadata":{"name":"th');
      watch.end();
    }
    await settle();
    clock.advance(50);
    (await client.next("now")).answer([thing("one", "1")], "12");
    expect((await client.next("watch")).query).toMatchObject({ resourceVersion: "11" });
    expect(has()).toEqual(["a/one@1", "a/three@11", "a/two@2"]);
  });

  test("to an API server that was restored from a backup: everything is listed again", async () => {
    const { begin, client, clock, has, deleted } = setUp();
    (await begin()).stream().break("read ECONNRESET");
    await settle();
    clock.advance(50);
    (await client.next("now")).answer([thing("one", "1")], "9");
    (await client.next("list")).answer([thing("one", "1")], "9");
    expect((await client.next("watch")).query).toMatchObject({ resourceVersion: "9" });
    expect([has(), deleted]).toEqual([["a/one@1"], ["a/two"]]);
  });

  test("everything stays while the API server is away, however long", async () => {
    const { begin, client, clock, has, deleted, retries } = setUp();
    (await begin()).stream().break("read ECONNRESET");
    for (let i = 0; i < 20; i++) {
      await settle();
      clock.advance(60_000);
      (await client.next("now")).refuse(new KubeError("connect ECONNREFUSED", {}));
    }
    await settle();
    expect([has(), deleted]).toEqual([["a/one@1", "a/two@2"], []]);
    expect(retries().slice(0, 8)).toEqual([50, 100, 200, 400, 800, 800, 800, 800]);
  });

  test("back after a long while it says that the version is too old: the list comes soon", async () => {
    const { begin, client, clock, retries } = setUp();
    (await begin()).stream().break("read ECONNRESET");
    for (let i = 0; i < 8; i++) {
      await settle();
      clock.advance(retries().at(-1)!);
      await client.next("now").then((call) => call.refuse(new KubeError("connect ECONNREFUSED", {})));
    }
    await settle();
    clock.advance(5000);
    (await client.next("now")).answer([], "100");
    (await client.next("watch")).refuse(new KubeError("too old", { status: 410, reason: "Expired" }));
    await settle();
    clock.advance(50);
    (await client.next("list")).answer([], "100");
    // Not so when each list is too old at once.
    (await client.next("watch")).refuse(new KubeError("too old", { status: 410, reason: "Expired" }));
    await settle();
    expect(retries().slice(-3)).toEqual([800, 50, 100]);
  });
});

describe("refusals", () => {
  test("after several in a row everything is listed again, and they are counted anew", async () => {
    const { begin, client, clock } = setUp();
    const refusal = new KubeError("no", { status: 400 });
    (await begin()).refuse(refusal);
    const kinds: string[] = [];
    for (let i = 0; i < 10; i++) {
      await settle();
      clock.advance(2000);
      await settle();
      const call = client.calls.at(-1)!;
      kinds.push(call.kind);
      call.refuse(refusal);
    }
    expect(kinds).toEqual(["watch", "watch", "watch", "watch", "list", "list", "list", "list", "list", "list"]);
  });

  test("a watch that is never allowed is not asked for with a list each time", async () => {
    const { begin, client, clock } = setUp();
    const refusal = new KubeError("no", { status: 403, reason: "Forbidden" });
    (await begin()).refuse(refusal);
    for (let i = 0; i < 20; i++) {
      await settle();
      clock.advance(2000);
      await settle();
      const call = client.calls.at(-1)!;
      if (call.kind === "list") {
        call.answer([], "10");
        await settle();
      }
      client.calls.at(-1)!.refuse(refusal);
    }
    expect(client.calls.filter(({ kind }) => kind === "list").length).toBe(5);
  });

  test("the API server is waited for as long as it asks, up to a minute, and is not listed for being busy", async () => {
    const { begin, client, clock, retries } = setUp();
    (await begin()).refuse(new KubeError("busy", { status: 429, retryAfter: 7000 }));
    for (let i = 0; i < 8; i++) {
      await settle();
      clock.advance(6999);
      await settle();
      expect(client.calls.length).toBe(2 + i);
      clock.advance(1);
      await settle();
      client.calls.at(-1)!.refuse(new KubeError("busy", { status: 429, retryAfter: i === 7 ? 3_600_000 : 7000 }));
    }
    await settle();
    expect(retries()).toEqual([7000, 7000, 7000, 7000, 7000, 7000, 7000, 7000, 60_000]);
    expect(client.calls.filter(({ kind }) => kind !== "watch").length).toBe(1);
  });

  test("a failure after a good while is a first one again", async () => {
    const { begin, client, clock, retries } = setUp();
    let call = await begin();
    for (const lived of [0, 0, 5000, 0]) {
      const watch = call.stream();
      await settle();
      clock.advance(lived);
      watch.write("oops\n");
      await settle();
      clock.advance(retries().at(-1)!);
      call = await client.next("watch");
    }
    expect(retries()).toEqual([50, 100, 50, 100]);
  });
});

describe("objects", () => {
  test("one that cannot be used keeps its last good version, in a list as in a watch", async () => {
    const { begin, client, clock, has, deleted } = setUp((object) => (object["text"] === "bad" ? undefined : object));
    const watch = (await begin()).stream();
    watch.send("MODIFIED", thing("one", "11", "bad"));
    watch.send("ADDED", thing("three", "12", "bad"));
    await settle();
    expect(has()).toEqual(["a/one@1", "a/two@2"]);
    watch.send("ERROR", gone);
    await settle();
    clock.advance(50);
    (await client.next("list")).answer(
      [thing("one", "11", "bad"), thing("two", "20"), thing("three", "12", "bad")],
      "99",
    );
    await client.next("watch");
    expect([has(), deleted]).toEqual([["a/one@1", "a/two@20"], []]);
  });

  test("one that makes its reader throw does not end the reflector, and is told", async () => {
    let poison = true;
    const { begin, client, clock, has, events } = setUp((object) => {
      if (poison && object.metadata.name === "three") throw new TypeError("cannot read properties of undefined");
      return object;
    });
    const watch = (await begin()).stream();
    watch.send("ADDED", thing("three", "11"));
    await settle();
    expect(events.at(-1)).toMatchObject({
      kind: "failed",
      error: { message: "/things: an object could not be taken in: cannot read properties of undefined" },
    });
    poison = false;
    clock.advance(50);
    const again = (await client.next("watch")).stream();
    again.send("ADDED", thing("three", "11"));
    await settle();
    expect(has()).toEqual(["a/one@1", "a/three@11", "a/two@2"]);
  });
});

describe("closing", () => {
  test.each(["list", "watch", "wait"] as const)("ends promptly during a %s", async (when) => {
    const { begin, client, reflector, store } = setUp();
    if (when === "list") await client.next("list");
    else {
      const call = await begin();
      const watch = when === "watch" ? call.stream() : undefined;
      if (!watch) call.refuse(new KubeError("no", { status: 500 }));
      await settle();
      await reflector.close();
      watch?.send("DELETED", thing("one", "11"));
      await settle();
      expect([...store.items.keys()]).toEqual(["a/one", "a/two"]);
    }
    const before = client.calls.length;
    await reflector.close();
    await settle();
    expect(client.calls.length).toBe(before);
  });
});
