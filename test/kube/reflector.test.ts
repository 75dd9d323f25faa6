/** A reflector and a real API server, with a writer that never rests and a network that fails in every way it can. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { KubeClient } from "../../src/kube/client.ts";
import { connect } from "../../src/kube/connect.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import { type Reflector, type ReflectorEvent, type ReflectorTiming, startReflector } from "../../src/kube/reflector.ts";
import { createStore, type Store } from "../../src/kube/store.ts";
import { type ApiServer, startApiServer } from "../support/kubernetes/api-server.ts";
import { type FaultProxy, startFaultProxy } from "../support/kubernetes/fault-proxy.ts";
import { until } from "../support/until.ts";
import { createWriter, LASTING, type Writer } from "./writer.ts";

const LIMIT = 90_000;
const QUICK: Partial<ReflectorTiming> = { backoffBase: 50, backoffMax: 1000, stable: 1000 };

let api: ApiServer;
let direct: KubeClient;
beforeAll(async () => {
  api = await startApiServer();
  direct = connect({ kubeconfig: api.kubeconfigPath }).client;
});
afterAll(async () => {
  direct?.close();
  await api?.close();
});

let proxy: FaultProxy;
let client: KubeClient;
let namespace: string;
let writer: Writer;
const reflectors: Reflector[] = [];
let tests = 0;

beforeEach(async () => {
  namespace = `reflected-${++tests}`;
  await createNamespace(direct);
  proxy = await startFaultProxy(api, { pageSize: 10 });
  client = connect({ kubeconfig: proxy.kubeconfigPath }).client;
  writer = createWriter(direct, namespace, tests);
  await writer.write(100);
});
afterEach(async () => {
  await Promise.all(reflectors.splice(0).map((reflector) => reflector.close()));
  client.close();
  await proxy.close();
});

async function createNamespace(at: KubeClient): Promise<void> {
  const body = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
  await at.request({ method: "POST", path: "/api/v1/namespaces", body });
}

interface Reflected {
  readonly store: Store<KubeObject>;
  readonly events: readonly ReflectorEvent[];
  /** How often the store has said that an object is gone. */
  readonly withdrawals: ReadonlyMap<string, number>;
}

async function reflect(timing: Partial<ReflectorTiming> = {}): Promise<Reflected> {
  const events: ReflectorEvent[] = [];
  const withdrawals = new Map<string, number>();
  const store = createStore<KubeObject>((key) => {
    const name = key.split("/").at(-1)!;
    if (!store.items.has(key)) withdrawals.set(name, (withdrawals.get(name) ?? 0) + 1);
  });
  const reflector = startReflector({
    client,
    path: `/api/v1/namespaces/${namespace}/configmaps`,
    store,
    keep: (object) => object,
    timing: { ...QUICK, ...timing },
    onEvent: (event) => void events.push(event),
  });
  reflectors.push(reflector);
  await reflector.synced;
  return { store, events, withdrawals };
}

/** Name, version and data of all objects. */
function digest(objects: Iterable<KubeObject>): readonly string[] {
  return [...objects]
    .map(({ metadata: { name, resourceVersion }, data }) => `${name}@${resourceVersion} ${JSON.stringify(data)}`)
    .sort();
}

async function isWhatKubectlSays({ store }: Reflected, server = api): Promise<void> {
  const text = await server.kubectl(["get", "configmaps", "-n", namespace, "-o", "json"]);
  const said = digest((JSON.parse(text) as { items: KubeObject[] }).items);
  expect(said.length).toBeGreaterThan(LASTING.length);
  await until("the store is what kubectl says", LIMIT, () => digest(store.items.values()).join() === said.join()).catch(
    () => expect(digest(store.items.values())).toEqual(said),
  );
}

/** Each withdrawal was a deletion: nothing that existed throughout was ever gone. */
function nothingWasWithdrawnInVain({ withdrawals }: Reflected): void {
  const inVain = [...withdrawals].filter(([name, times]) => times > (writer.deletions.get(name) ?? 0));
  expect(inVain).toEqual([]);
}

function failures({ events }: Reflected): readonly string[] {
  return events.flatMap((event) => (event.kind === "failed" ? [event.error.message] : []));
}

function lists({ events }: Reflected): number {
  return events.filter(({ kind }) => kind === "listed").length;
}

test("without faults it follows a writer by one list and one watch, and polls nothing", async () => {
  const reflected = await reflect();
  await writer.write(200);
  await isWhatKubectlSays(reflected);
  nothingWasWithdrawnInVain(reflected);
  await new Promise((resolve) => setTimeout(resolve, 3000));
  expect(failures(reflected)).toEqual([]);
  // Pages of ten.
  const { list, watch, get, write } = proxy.counts;
  expect({ list, watch, get, write }).toEqual({ list: 1, watch: 1, get: 0, write: 0 });
});

describe("faults while it watches", () => {
  const faults: Readonly<
    Record<string, { inject: () => void | Promise<void>; lists: number | undefined; timing?: Partial<ReflectorTiming> }>
  > = {
    "watches are reset": { inject: () => proxy.resetWatches(), lists: 1 },
    "watches are cut within an event": { inject: () => proxy.cutWatches(), lists: 1 },
    "watches send what is no JSON": { inject: () => proxy.garbleWatches(), lists: 1 },
    "watches fall silent": { inject: () => proxy.freezeWatches(), lists: 1, timing: { idle: 1000 } },
    "watches are too old": { inject: () => proxy.expireWatches(), lists: 3 },
    "the way is gone for a second": {
      async inject() {
        await proxy.down();
        await new Promise((resolve) => setTimeout(resolve, 1000));
        await proxy.up();
      },
      lists: 1,
    },
    // An API server that has just begun knows nothing of what was before, and may say that any version is too old.
    "the API server restarts": { inject: () => api.restart(), lists: undefined },
    "the API server is killed": {
      async inject() {
        await api.stopApi(0);
        await api.startApi();
      },
      lists: undefined,
    },
  };
  test.each(Object.entries(faults))("%s", async (_, { inject, lists: expected, timing }) => {
    const reflected = await reflect(timing);
    for (let round = 0; round < 2; round++) {
      await writer.write(50);
      await until("a watch is open", LIMIT, () => proxy.watches > 0);
      await Promise.all([writer.write(50), inject()]);
      await isWhatKubectlSays(reflected);
    }
    nothingWasWithdrawnInVain(reflected);
    expect(failures(reflected).length).toBeGreaterThan(0);
    if (expected !== undefined) expect(lists(reflected)).toBe(expected);
  });
});

describe("faults that stay for a while", () => {
  test("an API server that is busy is asked no sooner than it says", async () => {
    const reflected = await reflect();
    proxy.fault(["list", "watch"], { refuse: 429, reason: "TooManyRequests", retryAfter: 1 });
    const before = proxy.counts.watch;
    proxy.resetWatches();
    await writer.write(100);
    await until(
      "it was refused twice",
      LIMIT,
      () => failures(reflected).filter((text) => text.includes("429")).length > 1,
    );
    proxy.heal();
    await isWhatKubectlSays(reflected);
    nothingWasWithdrawnInVain(reflected);
    expect(proxy.counts.watch - before).toBeLessThan(10);
    const waits = reflected.events.flatMap((event) =>
      event.kind === "failed" && event.error.status === 429 ? [event.retryIn] : [],
    );
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(1000);
  });

  test("errors of the API server", async () => {
    const reflected = await reflect();
    proxy.fault(["list", "watch", "continue"], { refuse: 500, reason: "InternalError" });
    proxy.resetWatches();
    await writer.write(100);
    await until("it was refused", LIMIT, () => failures(reflected).length > 4);
    proxy.heal();
    await isWhatKubectlSays(reflected);
    nothingWasWithdrawnInVain(reflected);
  });

  test("a list that expires between two pages, each time: it is read in one piece", async () => {
    proxy.fault(["continue"], { refuse: 410, reason: "Expired" });
    const reflected = await reflect();
    await isWhatKubectlSays(reflected);
    proxy.expireWatches();
    await writer.write(100);
    await isWhatKubectlSays(reflected);
    nothingWasWithdrawnInVain(reflected);
    expect(proxy.counts.continue).toBeGreaterThan(0);
    expect(lists(reflected)).toBe(2);
  });

  test("a slow way", async () => {
    proxy.fault(["list", "continue", "watch"], { delay: 300 });
    const reflected = await reflect();
    proxy.resetWatches();
    await writer.write(100);
    await isWhatKubectlSays(reflected);
    nothingWasWithdrawnInVain(reflected);
  });

  test("an API server that is away for long: the store stays as it was, then catches up with what changed", async () => {
    const reflected = await reflect();
    await isWhatKubectlSays(reflected);
    const before = digest(reflected.store.items.values());
    await proxy.down();
    await writer.write(200);
    await new Promise((resolve) => setTimeout(resolve, 15_000));
    expect(digest(reflected.store.items.values())).toEqual(before);
    expect(reflected.withdrawals.size).toBe(0);
    const tries = failures(reflected).length;
    expect(tries).toBeLessThan(60);
    await proxy.up();
    await isWhatKubectlSays(reflected);
    nothingWasWithdrawnInVain(reflected);
  });

  test("an API server that never answers: closing does not wait for it", async () => {
    proxy.fault(["list", "watch"], { hang: true });
    const store = createStore<KubeObject>(() => {});
    const reflector = startReflector({ client, path: "/api/v1/configmaps", store, keep: (object) => object });
    await until("it was asked", LIMIT, () => proxy.counts.list > 0);
    await reflector.close();
  });
});

test("an API server whose data were restored from a backup: the store becomes what that has", async () => {
  const restored = await startApiServer();
  try {
    const there = connect({ kubeconfig: restored.kubeconfigPath }).client;
    await createNamespace(there);
    const reflected = await reflect();
    await writer.write(300);
    await isWhatKubectlSays(reflected);
    const backup = createWriter(there, namespace, 99);
    await backup.write(40);
    proxy.pointTo(restored);
    await isWhatKubectlSays(reflected, restored);
    await backup.write(40);
    await isWhatKubectlSays(reflected, restored);
    there.close();
  } finally {
    await restored.close();
  }
});
