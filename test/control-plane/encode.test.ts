import { create, fromBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { formatDiagnostic } from "../../src/base/diagnostic.ts";
import { createEncoder, type Encoded, resourcesOf } from "../../src/control-plane/encode.ts";
import { ClusterSchema } from "../../src/gen/envoy/config/cluster/v3/cluster_pb.ts";
import { RouteConfigurationSchema } from "../../src/gen/envoy/config/route/v3/route_pb.ts";
import type { ProxyConfig } from "../../src/translate/translate.ts";
import { CLUSTER, ROUTE } from "../../src/xds/index.ts";

const NOTHING: ProxyConfig = {
  clusters: [],
  endpoints: [],
  listeners: [],
  routes: [],
  secrets: [],
  extensions: [],
  diagnostics: [],
};

function cluster(service: string, seconds: bigint) {
  return create(ClusterSchema, {
    name: `outbound|80||${service}.shop`,
    connectTimeout: { seconds },
    clusterDiscoveryType: { case: "type", value: 0 },
  });
}

/** A virtual host of a service; without a domain it breaks a rule of the proto. */
function host(service: string, status: number, domains: string[] = [service]) {
  return {
    name: `${service}.shop:80`,
    domains,
    routes: [
      {
        match: { pathSpecifier: { case: "prefix", value: "/" } },
        action: { case: "directResponse", value: { status } },
      },
    ],
  } as const;
}

function table(...virtualHosts: ReturnType<typeof host>[]) {
  return create(RouteConfigurationSchema, {
    name: "http",
    virtualHosts: virtualHosts.map((each) => ({ ...each, domains: [...each.domains], routes: [...each.routes] })),
  });
}

/** `service status` of each virtual host that is served. */
function served(encoded: Encoded): readonly string[] {
  return resourcesOf(encoded)
    .filter(({ typeUrl }) => typeUrl === ROUTE)
    .flatMap(({ bytes }) => fromBinary(RouteConfigurationSchema, bytes).virtualHosts)
    .map(({ domains, routes }) => {
      const action = routes[0]?.action;
      return `${domains[0]} ${action?.case === "directResponse" ? action.value.status : "?"}`;
    });
}

describe("encoding", () => {
  test("a message that many proxies share is one resource", () => {
    const encode = createEncoder(() => {});
    const shared = cluster("a", 1n);
    const [one, two] = [encode({ ...NOTHING, clusters: [shared] }), encode({ ...NOTHING, clusters: [shared] })].map(
      resourcesOf,
    );
    expect(one).toHaveLength(1);
    expect(one![0]).toBe(two![0]);
  });

  test("a resource that Envoy would refuse is not sent, others are, and the finding names its service", () => {
    const invalid: string[] = [];
    const encode = createEncoder((type, valid) => void (valid || invalid.push(type)));
    const config = { ...NOTHING, clusters: [cluster("a", 1n), cluster("b", -1n)] };
    const encoded = encode(config);
    expect(resourcesOf(encoded).map(({ name }) => name)).toEqual(["outbound|80||a.shop"]);
    expect(encoded.diagnostics.map(formatDiagnostic)).toEqual([
      expect.stringMatching(/^HED2001 error: Service shop\/b: .*connect_timeout/),
    ]);
    encode(config);
    expect(invalid).toEqual(["CDS"]);
  });

  test("its last good version stays", () => {
    const encode = createEncoder(() => {});
    const good = encode({ ...NOTHING, clusters: [cluster("b", 1n)] });
    const before = good.snapshot;
    const after = encode({ ...NOTHING, clusters: [cluster("b", -1n)] }, before);
    expect(resourcesOf(after)).toEqual(resourcesOf(good));
    expect(resourcesOf(after)[0]).toBe(before.types.get(CLUSTER)?.resources.get("outbound|80||b.shop"));
  });
});

describe("a route table with a bad virtual host", () => {
  const bad = table(host("a", 201), host("b", 201, []));

  test("is sent without it to a proxy that has nothing yet", () => {
    const encoded = createEncoder(() => {})({ ...NOTHING, routes: [bad] });
    expect(served(encoded)).toEqual(["a 201"]);
    expect(encoded.diagnostics.map(formatDiagnostic)).toEqual([
      expect.stringMatching(/^HED2001 error: Service shop\/b: RDS http, virtual host b\.shop\S+: .*domains/),
    ]);
  });

  test("is sent with that host's last good version otherwise, and keeps it", () => {
    const encode = createEncoder(() => {});
    const first = encode({ ...NOTHING, routes: [table(host("a", 200), host("b", 200))] });
    const second = encode({ ...NOTHING, routes: [bad] }, first.snapshot);
    expect(served(second)).toEqual(["a 201", "b 200"]);
    const third = encode({ ...NOTHING, routes: [table(host("a", 202), host("b", 202, []))] }, second.snapshot);
    expect(served(third)).toEqual(["a 202", "b 200"]);
  });

  test("more bad hosts than one validation reports are all found", () => {
    const many = Array.from({ length: 100 }, (_, i) => host(`s${i}`, 200, i % 2 ? [`s${i}`] : []));
    const encoded = createEncoder(() => {})({ ...NOTHING, routes: [table(...many)] });
    expect(served(encoded)).toHaveLength(50);
  });

  test("a table that is wrong as a whole keeps its last good version", () => {
    const encode = createEncoder(() => {});
    const first = encode({ ...NOTHING, routes: [table(host("a", 200))] });
    const broken = { ...table(host("a", 201)), internalOnlyHeaders: ["bad\nheader"] };
    expect(served(encode({ ...NOTHING, routes: [broken] }))).toEqual([]);
    expect(served(encode({ ...NOTHING, routes: [broken] }, first.snapshot))).toEqual(["a 200"]);
  });
});
