/** The fake Envoy against the real server: that both speak the protocol, by two codecs. */
import { create } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { afterEach, describe, expect, test } from "vitest";
import { Cluster_DiscoveryType, ClusterSchema } from "../../src/gen/envoy/config/cluster/v3/cluster_pb.ts";
import { ClusterLoadAssignmentSchema } from "../../src/gen/envoy/config/endpoint/v3/endpoint_pb.ts";
import { ListenerSchema } from "../../src/gen/envoy/config/listener/v3/listener_pb.ts";
import { RouteConfigurationSchema } from "../../src/gen/envoy/config/route/v3/route_pb.ts";
import { VirtualHostSchema } from "../../src/gen/envoy/config/route/v3/route_components_pb.ts";
import { HttpConnectionManagerSchema } from "../../src/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { SecretSchema } from "../../src/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts";
import { createSnapshotCache, createXdsServer, encodeResource, type Resource } from "../../src/xds/index.ts";
import { connectDelta, connectSotw, type FakeEnvoy, type FakeEnvoyOptions } from "../support/fake-envoy.ts";
import { CDS, EDS, LDS, loadWire, RDS, SDS, VHDS } from "../support/fake-envoy-wire.ts";
import { until } from "../support/until.ts";

const wire = loadWire();
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

function cluster(name: string, respectDnsTtl = false): Resource {
  const clusterDiscoveryType = { case: "type" as const, value: Cluster_DiscoveryType.EDS };
  const message = create(ClusterSchema, { name, clusterDiscoveryType, edsClusterConfig: {}, respectDnsTtl });
  return encodeResource(ClusterSchema, message, name);
}

function endpoints(clusterName: string): Resource {
  const message = create(ClusterLoadAssignmentSchema, { clusterName, endpoints: [{ priority: 1 }] });
  return encodeResource(ClusterLoadAssignmentSchema, message, clusterName);
}

function listener(name: string, table: string): Resource {
  const manager = create(HttpConnectionManagerSchema, {
    routeSpecifier: { case: "rds", value: { routeConfigName: table } },
  });
  const value = anyPack(HttpConnectionManagerSchema, manager);
  const filters = [{ name: "hcm", configType: { case: "typedConfig" as const, value } }];
  return encodeResource(ListenerSchema, create(ListenerSchema, { name, filterChains: [{ filters }] }), name);
}

function table(name: string): Resource {
  return encodeResource(RouteConfigurationSchema, create(RouteConfigurationSchema, { name }), name);
}

const MESH = [
  cluster("a"),
  cluster("b"),
  endpoints("a"),
  endpoints("b"),
  listener("l", "r"),
  table("r"),
  encodeResource(SecretSchema, create(SecretSchema, { name: "s" }), "s"),
  encodeResource(VirtualHostSchema, create(VirtualHostSchema, { name: "h" }), "r/h"),
];

async function serve(resources: readonly Resource[]) {
  const cache = createSnapshotCache();
  const server = createXdsServer({ cache });
  const port = await server.listen("127.0.0.1:0");
  cleanups.push(() => server.close());
  const set = (next: readonly Resource[]): void => void cache.setSnapshot("n", { resources: next });
  set(resources);
  return { port, set, server };
}

const CONNECT = { delta: connectDelta, sotw: connectSotw };

describe.each(["delta", "sotw"] as const)("%s", (protocol) => {
  function connect(port: number, options: Partial<FakeEnvoyOptions> = {}): FakeEnvoy {
    const envoy = CONNECT[protocol]({ wire, port, nodeId: "n", ...options });
    cleanups.push(() => envoy.destroy());
    return envoy;
  }
  const names = (envoy: FakeEnvoy, typeUrl: string): string[] => [...envoy.view(typeUrl).known.keys()].toSorted();

  test("an Envoy asks for everything that it is referred to, and gives up what is gone", async () => {
    const { port, set } = await serve(MESH);
    const envoy = connect(port, { mode: "envoy" });
    await until("all of it", 10_000, () => envoy.view(RDS).known.size === 1 && envoy.view(EDS).known.size === 2);
    expect([CDS, EDS, LDS, RDS].map((typeUrl) => names(envoy, typeUrl))).toEqual([
      ["a", "b"],
      ["a", "b"],
      ["l"],
      ["r"],
    ]);
    expect(envoy.decoded(CDS, "a")).toMatchObject({ name: "a", type: "EDS" });
    expect(envoy.decoded(EDS, "b")).toMatchObject({ cluster_name: "b", endpoints: [{ priority: 1 }] });
    set([cluster("a"), endpoints("a"), endpoints("b"), listener("l", "r2"), table("r2")]);
    await until("the change", 10_000, () => names(envoy, RDS).join() === "r2" && names(envoy, CDS).join() === "a");
    await until("b's endpoints gone", 10_000, () => names(envoy, EDS).join() === "a");
    expect([...envoy.view(EDS).names]).toEqual(["a"]);
  });

  test("a refusal is reported with its reason, and changes nothing", async () => {
    const { port, set, server } = await serve([cluster("a")]);
    const judge: FakeEnvoyOptions["judge"] = ({ resources }) =>
      resources.some(({ name }) => name === "bad") ? "Error adding/updating cluster(s) bad: no" : undefined;
    const envoy = connect(port, { judge });
    envoy.subscribe(CDS);
    await until("a", 10_000, () => names(envoy, CDS).join() === "a");
    set([cluster("a"), cluster("bad")]);
    await until("the refusal", 10_000, () => envoy.view(CDS).counts.refused > 0);
    expect(names(envoy, CDS)).toEqual(["a"]);
    await until("the server knows", 10_000, () => server.refusals.names("envoy/1.40.0", CDS).join() === "bad");
  });

  test("by hand: responses wait to be taken, and each answer is the test's", async () => {
    const { port } = await serve(MESH);
    const envoy = connect(port, { mode: "manual" });
    envoy.subscribe(EDS, ["b", "a"]);
    const response = await envoy.next(EDS);
    expect(response.resources.map(({ name }) => name).toSorted()).toEqual(["a", "b"]);
    expect(names(envoy, EDS)).toEqual([]);
    envoy.ack(response);
    expect(names(envoy, EDS)).toEqual(["a", "b"]);
    expect(envoy.view(EDS)).toMatchObject({ nonce: response.nonce, version: response.version });
    await expect(envoy.next(EDS, 50)).rejects.toThrow(/within 50 ms/);
  });

  test("a half-closed stream is ended by the server, a dropped one by the client", async () => {
    const { port } = await serve(MESH);
    const first = connect(port);
    first.subscribe(CDS);
    await first.next(CDS);
    expect((await first.close()).code).toBe(0);
    const second = connect(port);
    second.subscribe(CDS);
    await second.next(CDS);
    second.reset();
    expect((await second.ended).code).toBe(1);
  });

  test.each([
    [CDS, "a"],
    [EDS, "b"],
    [LDS, "l"],
    [RDS, "r"],
    [SDS, "s"],
  ])("%s is served by its own service", async (service, name) => {
    const { port } = await serve(MESH);
    const envoy = connect(port, { service });
    envoy.subscribe(service, [name]);
    const response = await envoy.next();
    expect(response.typeUrl).toBe(service);
    // In State-of-the-World a name does not narrow the first two down.
    expect(response.resources.map((resource) => resource.name)).toContain(name);
  });
});

test("virtual hosts are served by Delta", async () => {
  const { port } = await serve(MESH);
  const envoy = connectDelta({ wire, port, nodeId: "n", service: VHDS });
  cleanups.push(() => envoy.destroy());
  envoy.subscribe(VHDS, ["r/h"]);
  expect((await envoy.next(VHDS)).resources.map(({ name }) => name)).toEqual(["r/h"]);
});

test("who comes back by Delta says what it has, and is sent the difference only", async () => {
  const { port, set } = await serve(MESH);
  const envoy = connectDelta({ wire, port, nodeId: "n", mode: "envoy" });
  cleanups.push(() => envoy.destroy());
  await until("all of it", 10_000, () => envoy.view(RDS).known.size === 1);
  envoy.reset();
  await envoy.ended;
  set([...MESH.slice(1), cluster("a", true)]);
  const before = envoy.responses.length;
  envoy.reconnect();
  await until("the change", 10_000, () => envoy.decoded(CDS, "a")?.["respect_dns_ttl"] === true);
  const sent = envoy.responses.slice(before).filter(({ typeUrl }) => typeUrl === CDS);
  expect(sent.flatMap(({ resources }) => resources.map(({ name }) => name))).toEqual(["a"]);
});
