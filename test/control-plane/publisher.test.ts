import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { createEncoder } from "../../src/control-plane/encode.ts";
import { createPublisher } from "../../src/control-plane/publisher.ts";
import { ClusterSchema } from "../../src/gen/envoy/config/cluster/v3/cluster_pb.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import type { Translator } from "../../src/translate/translate.ts";
import { CLUSTER, createSnapshotCache } from "../../src/xds/index.ts";
import { manualClock } from "../support/manual-clock.ts";
import { snapshotOf } from "../support/manifests.ts";
import { memoryLog } from "../support/memory-log.ts";

function pods(...names: string[]) {
  return snapshotOf(
    names.map((name) => `{ apiVersion: v1, kind: Pod, metadata: { name: ${name}, namespace: shop } }`).join("\n---\n"),
  );
}

/** A publisher whose translation is one cluster, `<round>-<pod>`, and takes `cost` milliseconds. */
function setUp({ cost = 0 } = {}) {
  const clock = manualClock();
  const cache = createSnapshotCache();
  const log = memoryLog();
  const metrics = createMetrics();
  const deferred: (() => void)[] = [];
  const state = { round: 1, failing: "", published: 0, translated: [] as string[] };
  const translate: Translator = (_, { id }) => {
    if (id === state.failing) throw new Error("no way");
    clock.advance(cost);
    state.translated.push(id);
    const cluster = create(ClusterSchema, { name: `${state.round}-${id}`, connectTimeout: { seconds: 1n } });
    return {
      clusters: [cluster],
      endpoints: [],
      listeners: [],
      routes: [],
      secrets: [],
      extensions: [],
      diagnostics: [],
    };
  };
  const publisher = createPublisher({
    cache,
    translate,
    encode: createEncoder(() => {}),
    clock,
    logger: log.logger,
    metrics,
    onPublished: () => void state.published++,
    defer: (run) => void deferred.push(run),
  });
  return {
    publisher,
    cache,
    log,
    metrics,
    state,
    /** Runs one later turn of the event loop; false when there is nothing to do. */
    turn(): boolean {
      const run = deferred.shift();
      run?.();
      return run !== undefined;
    },
    served: (id: string) => [...(cache.getSnapshot(id)?.types.get(CLUSTER)?.resources.keys() ?? [])],
  };
}

describe("a proxy", () => {
  test("is served when it connects, and on each change while it is connected", () => {
    const { publisher, state, served } = setUp();
    publisher.publish(pods("web"));
    expect(served("web.shop")).toEqual([]);
    publisher.connect("web.shop");
    expect(served("web.shop")).toEqual(["1-web.shop"]);
    state.round = 2;
    publisher.publish(pods("web"));
    expect(served("web.shop")).toEqual(["2-web.shop"]);
  });

  test("finds what all share made before it connects, and not again with every change", () => {
    const { publisher, state, cache } = setUp();
    publisher.publish(pods("web", "api"));
    publisher.publish(pods("web", "api"));
    expect(state.translated).toEqual(["api.shop"]);
    expect(cache.views()).toEqual([]);
  });

  test("that cannot be translated before it connects is none of the others' business", async () => {
    const { publisher, state, served, metrics } = setUp();
    state.failing = "api.shop";
    publisher.publish(pods("web", "api"));
    publisher.connect("web.shop");
    expect(served("web.shop")).toEqual(["1-web.shop"]);
    expect((await metrics.failures.get()).values[0]?.value).toBe(0);
  });

  test("whose pod is not known waits, which is said once, and is served when the pod appears", () => {
    const { publisher, log, served, cache } = setUp();
    publisher.publish(pods("web"));
    publisher.connect("late.shop");
    publisher.publish(pods("web"));
    expect(cache.getSnapshot("late.shop")).toBeUndefined();
    publisher.publish(pods("web", "late"));
    expect(served("late.shop")).toEqual(["1-late.shop"]);
    expect(log.lines()).toEqual([
      "warn no such pod is known; the proxy waits, or keeps what it has",
      "info its pod is known now; the proxy is served",
    ]);
  });

  test("whose pod goes away keeps what it has", () => {
    const { publisher, served } = setUp();
    publisher.publish(pods("web"));
    publisher.connect("web.shop");
    publisher.publish(pods("other"));
    expect(served("web.shop")).toEqual(["1-web.shop"]);
  });

  test("is forgotten with its last stream, not before", () => {
    const { publisher, cache, state } = setUp();
    publisher.publish(pods("web"));
    state.translated = [];
    publisher.connect("web.shop");
    publisher.connect("web.shop");
    expect(state.translated).toEqual(["web.shop"]);
    publisher.disconnect("web.shop");
    expect(cache.views()).toEqual(["web.shop"]);
    publisher.disconnect("web.shop");
    expect(cache.views()).toEqual([]);
    publisher.publish(pods("web"));
    expect(state.translated).toEqual(["web.shop"]);
  });

  test("that cannot be translated keeps what it has, and the others go on", async () => {
    const { publisher, state, served, log, metrics } = setUp();
    publisher.publish(pods("web", "api"));
    publisher.connect("web.shop");
    publisher.connect("api.shop");
    state.round = 2;
    state.failing = "web.shop";
    publisher.publish(pods("web", "api"));
    expect(served("web.shop")).toEqual(["1-web.shop"]);
    expect(served("api.shop")).toEqual(["2-api.shop"]);
    expect(log.lines()).toEqual(["error translation failed; the proxy keeps what it has"]);
    expect((await metrics.failures.get()).values[0]?.value).toBe(1);
    state.failing = "";
    publisher.publish(pods("web", "api"));
    expect(served("web.shop")).toEqual(["2-web.shop"]);
  });
});

describe("many proxies", () => {
  const names = Array.from({ length: 10 }, (_, i) => `p${i}`);
  const ids = names.map((name) => `${name}.shop`);

  test("are translated in slices, so that requests are read in between", () => {
    const { publisher, state, turn } = setUp({ cost: 2.4 });
    publisher.publish(pods(...names));
    for (const id of ids) publisher.connect(id);
    state.translated = [];
    state.published = 0;
    publisher.publish(pods(...names));
    expect(state.translated).toEqual(ids.slice(0, 3));
    expect(state.published).toBe(0);
    while (turn());
    expect(state.translated).toEqual(ids);
    expect(state.published).toBe(1);
  });

  test("none is starved by changes that come faster than a round takes, and all end with the newest", () => {
    const { publisher, state, turn, served } = setUp({ cost: 2.4 });
    publisher.publish(pods(...names));
    for (const id of ids) publisher.connect(id);
    state.translated = [];
    for (state.round = 2; state.round < 7; state.round++) {
      publisher.publish(pods(...names));
      turn();
    }
    expect(new Set(state.translated)).toEqual(new Set(ids));
    state.round = 9;
    publisher.publish(pods(...names));
    while (turn());
    for (const id of ids) expect(served(id)).toEqual([`9-${id}`]);
  });

  test("one that leaves while it waits is not translated", () => {
    const { publisher, state, turn, cache } = setUp({ cost: 20 });
    publisher.publish(pods("a", "b"));
    publisher.connect("a.shop");
    publisher.connect("b.shop");
    state.translated = [];
    publisher.publish(pods("a", "b"));
    publisher.disconnect("b.shop");
    while (turn());
    expect(state.translated).toEqual(["a.shop"]);
    expect(cache.views()).toEqual(["a.shop"]);
  });
});
