import { readFileSync } from "node:fs";
import { create, type DescFile, type DescMessage, fromJson, isMessage, type JsonValue } from "@bufbuild/protobuf";
import { AnySchema, anyPack } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { ClusterSchema } from "../../src/gen/envoy/config/cluster/v3/cluster_pb.ts";
import { HeaderValueSchema } from "../../src/gen/envoy/config/core/v3/base_pb.ts";
import { HealthCheckSchema } from "../../src/gen/envoy/config/core/v3/health_check_pb.ts";
import { ListenerSchema } from "../../src/gen/envoy/config/listener/v3/listener_pb.ts";
import { RouteConfigurationSchema } from "../../src/gen/envoy/config/route/v3/route_pb.ts";
import { RedirectActionSchema, RouteMatchSchema } from "../../src/gen/envoy/config/route/v3/route_components_pb.ts";
import { RouterSchema } from "../../src/gen/envoy/extensions/filters/http/router/v3/router_pb.ts";
import { PercentSchema } from "../../src/gen/envoy/type/v3/percent_pb.ts";
import { envoyRegistry } from "../../src/xds/registry.ts";
import { CLUSTER, LISTENER, ROUTE, SECRET, VIRTUAL_HOST } from "../../src/xds/type-url.ts";
import { validateMessage, validateResource } from "../../src/xds/validate.ts";
import { validateSet } from "../../src/xds/validate-set.ts";

/** Violations of a message in JSON, as `path: message`. */
function judge(schema: DescMessage, json: JsonValue): string[] {
  const message = fromJson(schema, json, { registry: envoyRegistry });
  return validateMessage(schema, message).map(({ path, message: why }) => `${path}: ${why}`);
}

describe("the rules of the protos", () => {
  const health = { timeout: "1s", interval: "1s", unhealthyThreshold: 1, healthyThreshold: 1 };
  const good: readonly [string, DescMessage, JsonValue][] = [
    ["a cluster", ClusterSchema, { name: "a", connectTimeout: "0.000000001s" }],
    ["a length limit that is met", HeaderValueSchema, { key: "x".repeat(16_384), value: "" }],
    ["a lenient header name", HeaderValueSchema, { key: "a b", value: "ü" }],
    ["limits that are met", PercentSchema, { value: 100 }],
    ["an enum of a list", HealthCheckSchema, { ...health, httpHealthCheck: { path: "/", codecClientType: "HTTP2" } }],
    ["a wrapped number", ListenerSchema, { name: "a", tcpBacklogSize: 1 }],
    ["a message in a oneof", RouteMatchSchema, { connectMatcher: {} }],
    ["an absent wrapper", ClusterSchema, { name: "a", ringHashLbConfig: {} }],
    ["one of a list of strings", RouterSchema, { strictCheckHeaders: ["x-envoy-max-retries"] }],
  ];
  test.each(good)("accept %s", (_, schema, json) => {
    expect(judge(schema, json)).toEqual([]);
  });

  const bad: readonly [string, DescMessage, JsonValue, string[]][] = [
    ["an empty name", ClusterSchema, {}, ["name: must not be empty"]],
    [
      "a duration of zero",
      ClusterSchema,
      { name: "a", connectTimeout: "0s" },
      ["connect_timeout: must be more than 0s"],
    ],
    [
      "a duration below its limit",
      ClusterSchema,
      { name: "a", dnsRefreshRate: "0.000999s" },
      ["dns_refresh_rate: must be more than 0.001s"],
    ],
    ["an unknown enum value", ClusterSchema, { name: "a", lbPolicy: 77 }, ["lb_policy: 77 is no value of LbPolicy"]],
    [
      "a wrapped number above its limit",
      ClusterSchema,
      { name: "a", ringHashLbConfig: { minimumRingSize: "8388609" } },
      ["ring_hash_lb_config.minimum_ring_size: must be at most 8388608"],
    ],
    ["a number outside of its limits", PercentSchema, { value: 100.5 }, ["value: must be at least 0 and at most 100"]],
    [
      "a missing message",
      HealthCheckSchema,
      { timeout: "1s", interval: "1s", unhealthyThreshold: 1, tcpHealthCheck: {} },
      ["healthy_threshold: is required"],
    ],
    [
      "a missing duration",
      HealthCheckSchema,
      { interval: "1s", unhealthyThreshold: 1, healthyThreshold: 1, tcpHealthCheck: {} },
      ["timeout: is required"],
    ],
    ["an open oneof", HealthCheckSchema, health, ["health_checker: one of its fields is required"]],
    [
      "an enum value that is ruled out",
      HealthCheckSchema,
      { ...health, httpHealthCheck: { path: "/", method: "CONNECT" } },
      ["http_health_check.method: must not be 6"],
    ],
    [
      "a text of too many bytes",
      HeaderValueSchema,
      { key: "ä".repeat(8193), value: "" },
      ["key: must have at most 16384 bytes"],
    ],
    [
      "a line end in a header",
      HeaderValueSchema,
      { key: "a", value: "b\r\nc: d" },
      ["value: must be a valid HTTP header value"],
    ],
    [
      "a text that is none of a list",
      RouterSchema,
      { strictCheckHeaders: ["x-envoy-max-retries", "x"] },
      [
        "strict_check_headers[1]: must be one of x-envoy-upstream-rq-timeout-ms, x-envoy-upstream-rq-per-try-timeout-ms, x-envoy-max-retries, x-envoy-retry-grpc-on, x-envoy-retry-on",
      ],
    ],
    [
      "a text that breaks a pattern",
      RouteMatchSchema,
      { pathSeparatedPrefix: "/a?b" },
      ["path_separated_prefix: must match ^[^?#]+[^?#/]$"],
    ],
    [
      "an undefined enum in a redirect",
      RedirectActionSchema,
      { responseCode: 9 },
      ["response_code: 9 is no value of RedirectResponseCode"],
    ],
    [
      "an empty list",
      RouteConfigurationSchema,
      { virtualHosts: [{ name: "a" }] },
      ["virtual_hosts[0].domains: must not be empty"],
    ],
    [
      "an item of a list in a list",
      RouteConfigurationSchema,
      { virtualHosts: [{ name: "a", domains: ["*"], routes: [{ match: { prefix: "/" }, route: { cluster: "" } }] }] },
      ["virtual_hosts[0].routes[0].route.cluster: must not be empty"],
    ],
    [
      "a map key",
      ClusterSchema,
      { name: "a", metadata: { filterMetadata: { "": {} } } },
      ['metadata.filter_metadata[""]: must not be empty'],
    ],
  ];
  test.each(bad)("refuse %s", (_, schema, json, expected) => {
    expect(judge(schema, json)).toEqual(expected);
  });

  test("hold inside of an Any, also of one in a map", () => {
    const options = { "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions" };
    const cluster = { name: "a", typedExtensionProtocolOptions: { "http.v1": options } };
    expect(judge(ClusterSchema, cluster)).toEqual([
      'typed_extension_protocol_options["http.v1"].upstream_protocol_options: one of its fields is required',
    ]);
  });

  test("an Any of bytes that are no such message is refused, one of an unknown type is passed over", () => {
    const packed = (typeUrl: string) => {
      const typedConfig = create(AnySchema, { typeUrl, value: new Uint8Array([0x0a, 0xff]) });
      const filter = { name: "f", configType: { case: "typedConfig" as const, value: typedConfig } };
      return validateMessage(ListenerSchema, create(ListenerSchema, { filterChains: [{ filters: [filter] }] }));
    };
    const { typeUrl } = anyPack(RouterSchema, create(RouterSchema));
    expect(packed(typeUrl)).toMatchObject([{ path: "filter_chains[0].filters[0].typed_config" }]);
    expect(packed("type.googleapis.com/example.Unknown")).toEqual([]);
  });

  test("a resource with ever so many mistakes gets a bounded list", () => {
    const virtualHosts = Array.from({ length: 1000 }, () => ({ name: "", domains: [] }));
    const table = create(RouteConfigurationSchema, { virtualHosts });
    expect(validateMessage(RouteConfigurationSchema, table)).toHaveLength(32);
  });
});

describe("the registry", () => {
  const files = new Set<DescFile>();
  for (const type of envoyRegistry) if (type.kind === "message") files.add(type.file);

  test("has every proto of proto/roots.txt", () => {
    const roots = readFileSync(new URL("../../proto/roots.txt", import.meta.url), "utf8")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    const known = [...files].map(({ name }) => `${name}.proto`);
    // Services hold no message of their own.
    expect(roots.filter((root) => !known.includes(root) && !root.startsWith("envoy/service/"))).toEqual([]);
  });

  test("has no message with a rule that the validator does not know", () => {
    const messages = [...envoyRegistry].filter((type) => type.kind === "message");
    expect(messages.length).toBeGreaterThan(500);
    for (const schema of messages) validateMessage(schema, create(schema));
  });
});

describe("a resource", () => {
  test("is judged by the type that it claims", () => {
    const cluster = create(ClusterSchema, { name: "a" });
    expect(validateResource(CLUSTER, cluster)).toEqual([]);
    const message = "is a envoy.config.cluster.v3.Cluster, not a envoy.config.listener.v3.Listener";
    expect(validateResource(LISTENER, cluster)).toEqual([{ path: "", message }]);
    expect(validateResource("type.googleapis.com/example.Unknown", cluster)).toMatchObject([{ path: "" }]);
  });

  test.each([ROUTE, VIRTUAL_HOST, SECRET])("%s is known", (typeUrl) => {
    const schema = envoyRegistry.getMessage(typeUrl.slice(typeUrl.lastIndexOf("/") + 1))!;
    const message = create(schema);
    expect(isMessage(message, schema)).toBe(true);
    expect(validateResource(typeUrl, message).map(({ message: why }) => why)).not.toContain(`${typeUrl} is not known`);
  });

  test("that holds a broken key does not say what the key is", () => {
    const schema = envoyRegistry.getMessage(SECRET.slice(SECRET.lastIndexOf("/") + 1))!;
    const secret = fromJson(schema, {
      name: "s",
      tlsCertificate: { privateKey: { inlineString: "hunter2" }, certificateChain: { inlineString: "hunter3" } },
    });
    const violations = validateResource(SECRET, secret);
    expect(violations.map(({ path }) => path)).toEqual([
      "tls_certificate.certificate_chain",
      "tls_certificate.private_key",
    ]);
    expect(JSON.stringify(violations)).not.toContain("hunter");
  });
});

describe("a set", () => {
  const listener = (name: string, port: number) =>
    fromJson(ListenerSchema, { name, address: { socketAddress: { address: "0.0.0.0", portValue: port } } });

  test("blames the later one of two that cannot stand together", () => {
    expect(validateSet({ listeners: [listener("a", 80), listener("b", 81), listener("c", 80)] })).toMatchObject([
      { typeUrl: LISTENER, name: "c", path: "address" },
    ]);
    const table = create(RouteConfigurationSchema, { name: "r" });
    expect(validateSet({ routes: [table, create(RouteConfigurationSchema, { name: "s" }), table] })).toMatchObject([
      { typeUrl: ROUTE, name: "r", path: "name" },
    ]);
  });

  test("does not miss clusters that it was not given", () => {
    const http = {
      "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
      routeConfig: {
        virtualHosts: [{ name: "v", domains: ["*"], routes: [{ match: { prefix: "/" }, route: { cluster: "c" } }] }],
      },
    };
    const inline = fromJson(
      ListenerSchema,
      { name: "l", filterChains: [{ filters: [{ name: "h", typedConfig: http }] }] },
      { registry: envoyRegistry },
    );
    expect(validateSet({ listeners: [inline] })).toEqual([]);
    expect(validateSet({ listeners: [inline], clusters: [create(ClusterSchema, { name: "c" })] })).toEqual([]);
    expect(validateSet({ listeners: [inline], clusters: [] })).toMatchObject([
      { name: "l", path: "filter_chains[0].filters[0].typed_config.route_config", message: "there is no cluster c" },
    ]);
  });
});
