/** Sessions against a model of Envoy, over random interleavings of changes, delays, reconnects and refusals. */
import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Cluster_DiscoveryType, ClusterSchema } from "../../src/gen/envoy/config/cluster/v3/cluster_pb.ts";
import { ListenerSchema } from "../../src/gen/envoy/config/listener/v3/listener_pb.ts";
import { HttpConnectionManagerSchema } from "../../src/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { createRefusals, createResource, type Resource } from "../../src/xds/index.ts";
import { knownNames } from "../../src/xds/knowledge.ts";
import { createDeltaSession } from "../../src/xds/session-delta.ts";
import { createSotwSession } from "../../src/xds/session-sotw.ts";
import type { Session } from "../../src/xds/session.ts";
import { DEFAULT_LIMITS, type Action, type SessionOptions } from "../../src/xds/session-state.ts";
import { buildSnapshot, type Snapshot } from "../../src/xds/snapshot.ts";
import { CLUSTER, ENDPOINT, LISTENER, ROUTE } from "../../src/xds/type-url.ts";
import { createEnvoyModel, type ModelRequest } from "./envoy-model.ts";
import { createSotwEnvoyModel } from "./envoy-model-sotw.ts";

const NAMES = ["a", "b", "c"];
const ACK_TIMEOUT = 5000;

function resource(typeUrl: string, name: string, version: string): Resource {
  const bytes =
    typeUrl === CLUSTER
      ? clusterBytes(name, version)
      : typeUrl === LISTENER
        ? listenerBytes(name, version)
        : text(version);
  return { ...createResource(typeUrl, name, bytes), version };
}

const text = (version: string): Uint8Array => new TextEncoder().encode(version);

function clusterBytes(name: string, version: string): Uint8Array {
  const clusterDiscoveryType = { case: "type" as const, value: Cluster_DiscoveryType.EDS };
  return toBinary(ClusterSchema, create(ClusterSchema, { name, altStatName: version, clusterDiscoveryType }));
}

function listenerBytes(name: string, version: string): Uint8Array {
  const manager = create(HttpConnectionManagerSchema, {
    statPrefix: version,
    routeSpecifier: { case: "rds", value: { routeConfigName: "r" } },
  });
  const value = anyPack(HttpConnectionManagerSchema, manager);
  const filters = [{ name: "hcm", configType: { case: "typedConfig" as const, value } }];
  return toBinary(ListenerSchema, create(ListenerSchema, { name, filterChains: [{ filters }] }));
}

/** A consistent mesh: some clusters with endpoints, and a route to one that is there. */
interface Mesh {
  readonly clusters: Readonly<Record<string, string>>;
  readonly endpoints: Readonly<Record<string, string>>;
  readonly target: string;
  readonly generation: number;
}

const good = fc.constantFrom("v1", "v2", "v3");
const any = fc.oneof({ arbitrary: good, weight: 5 }, { arbitrary: fc.constantFrom("bad-1", "bad-rule-1"), weight: 1 });

function meshes(version: fc.Arbitrary<string>): fc.Arbitrary<Mesh> {
  return fc
    .record({
      names: fc.subarray(NAMES, { minLength: 1 }),
      clusters: fc.record(Object.fromEntries(NAMES.map((name) => [name, version]))),
      endpoints: fc.record(Object.fromEntries(NAMES.map((name) => [name, version]))),
      pick: fc.nat(),
      generation: fc.constantFrom(1, 2),
    })
    .map(({ names, clusters, endpoints, pick, generation }) => ({
      clusters: Object.fromEntries(names.map((name) => [name, clusters[name]!])),
      endpoints: Object.fromEntries(names.map((name) => [name, endpoints[name]!])),
      target: names[pick % names.length]!,
      generation,
    }));
}

function snapshotOf({ clusters, endpoints, target, generation }: Mesh): Snapshot {
  return buildSnapshot({
    resources: [
      ...Object.entries(clusters).map(([name, version]) => resource(CLUSTER, name, version)),
      ...Object.entries(endpoints).map(([name, version]) => resource(ENDPOINT, name, version)),
      resource(LISTENER, "l", "v1"),
      resource(ROUTE, "r", `v${generation}-to-${target}`),
    ],
  });
}

type Move =
  | { readonly kind: "mesh"; readonly mesh: Mesh }
  | { readonly kind: "deliver" | "answer" | "settle" | "wait" | "reconnect" | "block" };

function moves(version: fc.Arbitrary<string>): fc.Arbitrary<Move[]> {
  const move = fc.oneof(
    { arbitrary: meshes(version).map((mesh): Move => ({ kind: "mesh", mesh })), weight: 3 },
    { arbitrary: fc.constantFrom<Move>({ kind: "deliver" }, { kind: "answer" }), weight: 12 },
    // All that is on the wire arrives: so that much of what follows starts from rest.
    { arbitrary: fc.constant<Move>({ kind: "settle" }), weight: 2 },
    { arbitrary: fc.constantFrom<Move>({ kind: "wait" }, { kind: "reconnect" }, { kind: "block" }), weight: 1 },
  );
  return fc.array(move, { maxLength: 60, size: "max" });
}

/** How the two sides speak: `sotw-partial` is SotW of which the answers for endpoints and routes hold only what changed. */
type Dialect = "delta" | "sotw" | "sotw-partial";

/** Runs moves, then lets everything come to rest. */
function play(list: readonly Move[], dialect: Dialect) {
  const refusals = createRefusals();
  const options: SessionOptions = {
    refusals,
    missing: (typeUrl, name) =>
      typeUrl === ENDPOINT || typeUrl === ROUTE ? resource(typeUrl, name, "empty") : "removed",
    sotwPartial: new Set(dialect === "sotw-partial" ? [ENDPOINT, ROUTE] : []),
    timing: { ackTimeout: ACK_TIMEOUT, silenceTimeout: 20_000, mutedAfter: 1000 },
    limits: DEFAULT_LIMITS,
  };
  const envoy = dialect === "delta" ? createEnvoyModel() : createSotwEnvoyModel();
  const faults: string[] = [];
  const sentBad = new Set<string>();
  const nacked = new Set<string>();
  let now = 0;
  let wakeAt: number | undefined;
  let snapshot: Snapshot | undefined;
  let mesh: Mesh | undefined;
  /** Responses and requests on the wire, in order. */
  let down: Extract<Action, { kind: "send" }>["response"][] = [];
  let up: ModelRequest[] = [];
  let session: Session<ModelRequest> = connect();

  function connect(): Session<ModelRequest> {
    const fresh = dialect === "delta" ? createDeltaSession(options) : createSotwSession(options);
    down = [];
    up = [...envoy.connect()];
    up[0] = { ...up[0]!, node: { id: "n", cluster: "", region: "", zone: "", agent: "envoy", version: "1.40.0" } };
    wakeAt = undefined;
    if (snapshot) note(fresh.step({ kind: "snapshot", snapshot }, now));
    return fresh;
  }

  function note(actions: readonly Action[]): void {
    for (const action of actions) {
      if (action.kind === "wake") wakeAt = action.at;
      if (action.kind === "nack") for (const name of action.culprits) nacked.add(`${action.typeUrl} ${name}`);
      if (action.kind !== "send") continue;
      const { response } = action;
      down.push(response);
      for (const { typeUrl, name, version } of response.resources) {
        if (!version.startsWith("bad")) continue;
        const key = `${typeUrl} ${name} ${version}`;
        if (refusals.find("envoy/1.40.0", resource(typeUrl, name, version))) faults.push(`${key} is sent again`);
        sentBad.add(key);
      }
      const state = session?.state.types.get(response.typeUrl);
      if (state && state.outstanding.length > 8) faults.push("more than eight responses unanswered");
    }
  }

  function deliver(): boolean {
    const response = down.shift();
    if (response) up.push(...envoy.receive(response));
    return response !== undefined;
  }

  function answer(): boolean {
    const request = up.shift();
    if (request) note(session.step({ kind: "request", request }, now));
    return request !== undefined;
  }

  function wait(): boolean {
    if (wakeAt === undefined) return false;
    now = wakeAt;
    wakeAt = undefined;
    note(session.step({ kind: "tick" }, now));
    return true;
  }

  for (const move of list) {
    if (move.kind === "mesh") {
      mesh = move.mesh;
      snapshot = snapshotOf(mesh);
      note(session.step({ kind: "snapshot", snapshot }, now));
    } else if (move.kind === "deliver") deliver();
    else if (move.kind === "answer") answer();
    else if (move.kind === "settle") while (deliver() || answer());
    else if (move.kind === "wait") wait();
    else if (move.kind === "reconnect") session = connect();
    else {
      note(session.step({ kind: "writable", writable: false }, now));
      note(session.step({ kind: "writable", writable: true }, now));
    }
  }
  let steps = 0;
  while (steps++ < 2000 && (deliver() || answer() || wait()));
  return { envoy, mesh, session, faults: [...faults, ...envoy.faults], rested: steps < 2000, refusals };
}

describe.each(["delta", "sotw", "sotw-partial"] as const)("a session and a model of Envoy, %s", (dialect) => {
  test("end up with the same, whatever happens on the way", () => {
    fc.assert(
      fc.property(meshes(good), moves(good), (first, list) => {
        const { envoy, mesh, faults, rested, session } = play([{ kind: "mesh", mesh: first }, ...list], dialect);
        expect(rested).toBe(true);
        // Waits are bounded; and the first answer for clusters on a new SotW stream cannot keep what only the client knows of.
        const kinds = new Set(list.map(({ kind }) => kind));
        const unavoidable = kinds.has("wait") || (dialect !== "delta" && kinds.has("reconnect"));
        expect(faults.filter((fault) => !unavoidable || !fault.includes("leads to"))).toEqual([]);
        expect(envoy.warming).toEqual([]);
        const { clusters, endpoints, target, generation } = mesh!;
        const lines = (of: Readonly<Record<string, string>>): string[] =>
          Object.entries(of)
            .map(([n, v]) => `${n}=${v}`)
            .sort();
        expect(envoy.contents(CLUSTER)).toEqual(lines(clusters));
        expect(envoy.contents(ENDPOINT)).toEqual(lines(endpoints));
        expect(envoy.contents(LISTENER)).toEqual(["l=v1"]);
        expect(envoy.contents(ROUTE)).toEqual([`r=v${generation}-to-${target}`]);
        for (const state of session.state.types.values()) {
          expect(state.outstanding).toEqual([]);
          expect(state.dirty.size).toBe(0);
          if (!state.subscription.wildcard)
            expect([...knownNames(state)].length).toBeLessThanOrEqual(state.subscription.names.size);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("lose nothing good to what is refused, and are never sent it again", () => {
    fc.assert(
      fc.property(meshes(good), moves(any), (first, list) => {
        const { envoy, mesh, faults, rested } = play([{ kind: "mesh", mesh: first }, ...list], dialect);
        expect(rested).toBe(true);
        expect(faults.filter((fault) => !fault.includes("leads to"))).toEqual([]);
        expect(envoy.contents(CLUSTER).filter((line) => line.includes("bad"))).toEqual([]);
        // Known and open: when a Delta stream ends and endpoints of a cluster that changes are refused on the next one, only the client
        // knows which endpoints it had, and the cluster goes on warming, its old self serving, until its endpoints change again. New
        // clusters stay, but the client answers for none meanwhile, so that one that it refuses is not found out.
        const refused = (of: "clusters" | "endpoints"): boolean =>
          list.some((m) => m.kind === "mesh" && Object.values(m.mesh[of]).some((version) => version.startsWith("bad")));
        const open = dialect === "delta" && refused("endpoints") && list.some(({ kind }) => kind === "reconnect");
        expect(open ? [] : envoy.warming).toEqual([]);
        fc.pre(envoy.warming.length === 0 || !refused("clusters"));
        const wanted = Object.entries(mesh!.clusters).filter(([, version]) => !version.startsWith("bad"));
        expect(envoy.contents(CLUSTER)).toEqual(expect.arrayContaining(wanted.map(([n, v]) => `${n}=${v}`)));
        const running = new Set(envoy.contents(CLUSTER).map((line) => line.split("=")[0]));
        const served = Object.entries(mesh!.endpoints).filter(([n, v]) => running.has(n) && !v.startsWith("bad"));
        expect(envoy.contents(ENDPOINT)).toEqual(expect.arrayContaining(served.map(([n, v]) => `${n}=${v}`)));
      }),
      { numRuns: 1000 },
    );
  });
});
