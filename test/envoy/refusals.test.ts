/**
 * Every class of refusal that was measured on Envoy, in Delta and State-of-the-World: the good siblings arrive, the culprit's last
 * good content serves, later changes go on, and the mesh heals when the culprit is mended.
 */
import { afterEach, describe, expect, test } from "vitest";
import { OLDEST_VERSION } from "../../scripts/envoy.ts";
import { missingForEnvoy } from "../../src/control-plane/missing.ts";
import { bootstrap } from "../../src/translate/bootstrap.ts";
import { createSnapshotCache, createXdsServer, type Resource, shortType, type XdsServer } from "../../src/xds/index.ts";
import { type RunningEnvoy, startEnvoy } from "../support/envoy.ts";
import {
  cluster,
  endpoints,
  type Fault,
  listener,
  routedListener,
  routes,
  runningContents,
} from "../support/nack-mesh.ts";
import { until } from "../support/until.ts";

const TIMING = { ackTimeout: 1000, silenceTimeout: 2000, mutedAfter: 500 };
const LIMIT = 20_000;

type Mode = "DELTA_GRPC" | "GRPC";
type Build = (name: string, content: number, fault?: Fault) => Resource[];

/** How a mesh of three names is made of one type's contents; the other types are as they must be around it. */
const KINDS: Readonly<Record<string, { build: Build; shows: (name: string) => string }>> = {
  CDS: {
    build: (name, content, fault) => [cluster(name, content, fault), endpoints(name, 1)],
    shows: (name) => `cluster ${name}`,
  },
  EDS: {
    build: (name, content, fault) => [cluster(name, 1), endpoints(name, content, fault)],
    shows: (name) => `endpoints ${name}`,
  },
  LDS: {
    build: (name, content, fault) => [listener(name, portOf(name), content, fault)],
    shows: (name) => `is ${name}`,
  },
  RDS: {
    build: (name, content, fault) => [routedListener(name, portOf(name)), routes(name, content, fault)],
    shows: (name) => `is ${name}`,
  },
};

let base = 21_000;
function portOf(name: string): number {
  return base + name.charCodeAt(0);
}

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

interface Rig {
  readonly envoy: RunningEnvoy;
  readonly server: XdsServer;
  readonly port: number;
  serve(resources: readonly Resource[]): void;
  running(): Promise<Readonly<Record<string, number | null>>>;
  /** Names of the type that are refused by the connected client. */
  refused(type: string): readonly string[];
}

async function startRig(mode: Mode, version?: string, timing = TIMING): Promise<Rig> {
  base += 200;
  const cache = createSnapshotCache({ viewOf: () => "all" });
  const server = createXdsServer({ cache, timing, missing: missingForEnvoy });
  const port = await server.listen("127.0.0.1:0");
  open.push(server);
  cache.setSnapshot("all", { resources: [] });
  const envoy = await startEnvoy({ bootstrap: boot(port, mode), ...(version === undefined ? {} : { version }) });
  open.push({ close: () => envoy.stop() });
  return {
    envoy,
    server,
    port,
    serve: (resources) => void cache.setSnapshot("all", { resources }),
    running: async () => runningContents(await envoy.configDump()),
    refused: (type) =>
      server
        .clients()
        .flatMap(({ types }) => types.flatMap((t) => (shortType(t.typeUrl) === type ? Object.keys(t.refused) : []))),
  };
}

function boot(port: number, mode: Mode): Record<string, unknown> {
  const text = bootstrap({ proxy: "a.b", xds: { host: "127.0.0.1", port }, admin: { host: "127.0.0.1", port: 0 } });
  return JSON.parse(JSON.stringify(text).replace("DELTA_GRPC", mode)) as Record<string, unknown>;
}

async function runs(rig: Rig, wanted: Readonly<Record<string, number>>): Promise<void> {
  let last: unknown;
  await until("the Envoy runs what it should", LIMIT, async () => {
    last = await rig.running();
    return Object.entries(wanted).every(([name, content]) => (last as Record<string, unknown>)[name] === content);
  }).catch(() => expect(last).toMatchObject(wanted));
}

const CLASSES: readonly [kind: string, fault: Fault][] = [
  ["CDS", "rule"],
  ["CDS", "early"],
  ["CDS", "late"],
  ["EDS", "rule"],
  ["EDS", "bad-address"],
  ["LDS", "rule"],
  ["LDS", "filter"],
  ["RDS", "rule"],
  ["RDS", "duplicate-domain"],
];

async function refusedAndMended(mode: Mode, kind: string, fault: Fault, version?: string): Promise<void> {
  const { build, shows } = KINDS[kind]!;
  const rig = await startRig(mode, version);
  rig.serve([...build("a", 1), ...build("b", 1)]);
  await runs(rig, { [shows("a")]: 1, [shows("b")]: 1 });

  // One bad resource between a changed and a new one.
  rig.serve([...build("a", 2), ...build("b", 2, fault), ...build("f", 2)]);
  await until("the culprit is known", LIMIT, () => rig.refused(kind).includes("b"));
  await runs(rig, { [shows("a")]: 2, [shows("b")]: 1, [shows("f")]: 2 });

  // The bad content stays in the snapshot; the others go on.
  rig.serve([...build("a", 3), ...build("b", 2, fault), ...build("f", 2)]);
  await runs(rig, { [shows("a")]: 3, [shows("b")]: 1, [shows("f")]: 2 });

  rig.serve([...build("a", 3), ...build("b", 4), ...build("f", 5)]);
  await runs(rig, { [shows("a")]: 3, [shows("b")]: 4, [shows("f")]: 5 });
  expect(rig.refused(kind)).toEqual([]);
  expect(Object.keys(await rig.running()).filter((name) => name.startsWith("warming"))).toEqual([]);
}

describe("Delta", () => {
  test.each(CLASSES)("%s, refused for its %s", (kind, fault) => refusedAndMended("DELTA_GRPC", kind, fault));
});

describe("State of the World", () => {
  test.each(CLASSES)("%s, refused for its %s", (kind, fault) => refusedAndMended("GRPC", kind, fault));
});

describe(`Delta on Envoy ${OLDEST_VERSION}`, () => {
  test.each([
    ["CDS", "rule"],
    ["CDS", "late"],
    ["RDS", "duplicate-domain"],
  ] as const)("%s, refused for its %s", (kind, fault) => refusedAndMended("DELTA_GRPC", kind, fault, OLDEST_VERSION));
});

describe("a cluster that fails late, by itself", () => {
  test.each(["DELTA_GRPC", "GRPC"] as const)(
    "is refused at once, and the next change goes on, over %s",
    async (mode) => {
      const rig = await startRig(mode);
      const others = [endpoints("a", 1), endpoints("b", 1)];
      rig.serve([cluster("a", 1), cluster("b", 1), ...others]);
      await runs(rig, { "cluster a": 1, "cluster b": 1 });
      rig.serve([cluster("a", 1), cluster("b", 2, "late"), ...others]);
      await until("the culprit is known", LIMIT, () => rig.refused("CDS").includes("b"));
      rig.serve([cluster("a", 2), cluster("b", 2, "late"), ...others]);
      await runs(rig, { "cluster a": 2, "cluster b": 1 });
      rig.serve([cluster("a", 2), cluster("b", 3), ...others]);
      await runs(rig, { "cluster a": 2, "cluster b": 3 });
      expect(Object.keys(await rig.running()).filter((name) => name.startsWith("warming"))).toEqual([]);
    },
  );
});

describe("what is harmless", () => {
  test("a route to a cluster that is not there, and endpoints that are none, are accepted", async () => {
    const rig = await startRig("DELTA_GRPC");
    rig.serve([cluster("a", 1), routedListener("a", portOf("a")), routes("a", 1)]);
    await runs(rig, { "cluster a": 1, "is a": 1 });
    expect(rig.refused("CDS")).toEqual([]);
  });
});

describe("an Envoy that is mute on clusters", () => {
  test.each(["DELTA_GRPC", "GRPC"] as const)("on a new stream is sent them unasked, over %s", async (mode) => {
    // Without a cure on the first server the Envoy stays mute.
    const rig = await startRig(mode, undefined, { ...TIMING, silenceTimeout: 600_000 });
    rig.serve([cluster("a", 1), endpoints("a", 1), cluster("b", 1), endpoints("b", 1)]);
    await runs(rig, { "cluster a": 1, "cluster b": 1 });
    rig.serve([
      cluster("a", 2),
      endpoints("a", 1),
      cluster("b", 2, "late"),
      endpoints("b", 1),
      cluster("f", 2),
      endpoints("f", 1),
    ]);
    await runs(rig, { "cluster a": 2, "cluster b": 1, "cluster f": 2 });
    await rig.server.close();

    // A new control plane on the same port, which knows nothing of what was refused; the culprit is mended meanwhile.
    const cache = createSnapshotCache({ viewOf: () => "all" });
    const server = createXdsServer({ cache, timing: TIMING, missing: missingForEnvoy });
    cache.setSnapshot("all", {
      resources: [
        cluster("a", 2),
        endpoints("a", 1),
        cluster("b", 3),
        endpoints("b", 1),
        cluster("f", 4),
        endpoints("f", 1),
      ],
    });
    await until("the port is free", LIMIT, async () => (await server.listen(`127.0.0.1:${rig.port}`)) > 0);
    open.push(server);
    await runs(rig, { "cluster a": 2, "cluster b": 3, "cluster f": 4 });
    expect(Object.keys(await rig.running()).filter((name) => name.startsWith("warming"))).toEqual([]);
  });
});
