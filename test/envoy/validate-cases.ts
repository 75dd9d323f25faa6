/** Resources that Envoy refuses, each beside the nearest one that it accepts, in the JSON of a bootstrap. */
import { CERTIFICATE, OTHER_KEY, PRIVATE_KEY } from "../support/test-certificate.ts";

export type Json = Readonly<Record<string, unknown>>;

/** Static resources of one bootstrap. */
export interface Resources {
  readonly clusters?: readonly Json[];
  readonly listeners?: readonly Json[];
}

export interface Case {
  readonly name: string;
  readonly bad: Resources;
  readonly good: Resources;
}

const TYPE = "type.googleapis.com/envoy.";
const EXTENSION = `${TYPE}extensions.`;

const address = (host = "127.0.0.1", port = 80): Json => ({ socket_address: { address: host, port_value: port } });
const endpoints = (...addresses: readonly Json[]): Json => ({
  cluster_name: "c",
  endpoints: [{ lb_endpoints: addresses.map((each) => ({ endpoint: { address: each } })) }],
});
const bare = (fields: Json): Resources => ({ clusters: [{ name: "c", ...fields }] });
const cluster = (fields: Json): Resources => bare({ type: "STATIC", load_assignment: endpoints(address()), ...fields });

const ROUTER = { name: "router", typed_config: { "@type": `${EXTENSION}filters.http.router.v3.Router` } };
const CORS = { name: "cors", typed_config: { "@type": `${EXTENSION}filters.http.cors.v3.Cors` } };
const TCP = {
  name: "tcp",
  typed_config: { "@type": `${EXTENSION}filters.network.tcp_proxy.v3.TcpProxy`, stat_prefix: "t", cluster: "c" },
};
const LIMIT = {
  name: "limit",
  typed_config: {
    "@type": `${EXTENSION}filters.network.connection_limit.v3.ConnectionLimit`,
    stat_prefix: "l",
    max_connections: 1,
  },
};
const manager = (table: Json, fields: Json = {}): Json => ({
  name: "hcm",
  typed_config: {
    "@type": `${EXTENSION}filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "h",
    route_config: table,
    http_filters: [ROUTER],
    ...fields,
  },
});
const listener = (chains: readonly Json[], fields: Json = {}): Json => ({
  name: "l",
  address: address("127.0.0.1", 10_000),
  filter_chains: chains,
  ...fields,
});
const listeners = (...all: readonly Json[]): Resources => ({ ...cluster({}), listeners: all });
const chain = (match?: Json, filters: readonly Json[] = [TCP]): Json => ({
  filters,
  ...(match ? { filter_chain_match: match } : {}),
});
const chains = (...matches: readonly Json[]): Resources => listeners(listener(matches.map((match) => chain(match))));
const filters = (...all: readonly Json[]): Resources => listeners(listener([chain(undefined, all)]));
const httpFilters = (...all: readonly Json[]): Resources => filters(manager(hosts([{}]), { http_filters: all }));
const hosts = (all: readonly Json[], fields: Json = {}): Json => ({
  name: "r",
  virtual_hosts: all.map((host, index) => ({ name: `v${index}`, domains: [`d${index}`], ...host })),
  ...fields,
});
const table = (all: readonly Json[], fields: Json = {}): Resources => filters(manager(hosts(all, fields)));
const route = (fields: Json): Resources =>
  table([
    {
      routes: [
        { match: { prefix: "/" }, ...("direct_response" in fields ? {} : { route: { cluster: "c" } }), ...fields },
      ],
    },
  ]);
const action = (fields: Json): Resources => route({ route: { cluster: "c", ...fields } });
const weights = (...all: readonly Json[]): Resources => route({ route: { weighted_clusters: { clusters: all } } });
const added = (key: string, value: string): Resources =>
  route({ request_headers_to_add: [{ header: { key, value } }] });
const text = (inline: string): Json => ({ inline_string: inline });
const tls = (kind: "Upstream" | "Downstream", common: Json): Json => ({
  name: "tls",
  typed_config: { "@type": `${EXTENSION}transport_sockets.tls.v3.${kind}TlsContext`, common_tls_context: common },
});
const upstream = (common: Json): Resources => cluster({ transport_socket: tls("Upstream", common) });
const pair = (certificate: string, key: string): Json => ({
  certificate_chain: text(certificate),
  private_key: text(key),
});
const identity = (...pairs: readonly Json[]): Resources => upstream({ tls_certificates: pairs });
const authority = (pem: string): Resources => upstream({ validation_context: { trusted_ca: text(pem) } });
const policy = (name: string, fields: Json): Resources =>
  cluster({
    load_balancing_policy: {
      policies: [
        {
          typed_extension_config: {
            name: "lb",
            typed_config: { "@type": `${EXTENSION}load_balancing_policies.${name}`, ...fields },
          },
        },
      ],
    },
  });
const health = (http: Json): Resources =>
  cluster({
    health_checks: [
      {
        timeout: "1s",
        interval: "1s",
        unhealthy_threshold: 1,
        healthy_threshold: 1,
        http_health_check: { path: "/", ...http },
      },
    ],
  });
const BROKEN = `${CERTIFICATE.slice(0, 200)}\n-----END CERTIFICATE-----\n`;

function compare(name: string, bad: Resources, good: Resources): Case {
  return { name, bad, good };
}

const CLUSTERS = [
  compare("connect_timeout", cluster({ connect_timeout: "0s" }), cluster({ connect_timeout: "0.001s" })),
  compare(
    "ring sizes",
    cluster({ lb_policy: "RING_HASH", ring_hash_lb_config: { minimum_ring_size: 100, maximum_ring_size: 10 } }),
    cluster({ lb_policy: "RING_HASH", ring_hash_lb_config: { minimum_ring_size: 100, maximum_ring_size: 100 } }),
  ),
  compare(
    "ring size below the default minimum",
    cluster({ lb_policy: "RING_HASH", ring_hash_lb_config: { maximum_ring_size: 1023 } }),
    cluster({ lb_policy: "RING_HASH", ring_hash_lb_config: { maximum_ring_size: 1024 } }),
  ),
  compare(
    "ring sizes of the extension",
    policy("ring_hash.v3.RingHash", { minimum_ring_size: 100, maximum_ring_size: 10 }),
    policy("ring_hash.v3.RingHash", { minimum_ring_size: 10, maximum_ring_size: 100 }),
  ),
  compare(
    "ring sizes that are not used",
    cluster({ lb_policy: "RING_HASH", ring_hash_lb_config: { minimum_ring_size: 100, maximum_ring_size: 10 } }),
    cluster({ ring_hash_lb_config: { minimum_ring_size: 100, maximum_ring_size: 10 } }),
  ),
  compare(
    "maglev table",
    cluster({ lb_policy: "MAGLEV", maglev_lb_config: { table_size: 65_536 } }),
    cluster({ lb_policy: "MAGLEV", maglev_lb_config: { table_size: 65_537 } }),
  ),
  compare(
    "maglev table of the extension",
    policy("maglev.v3.Maglev", { table_size: 9 }),
    policy("maglev.v3.Maglev", { table_size: 7 }),
  ),
  compare("policy list", cluster({ load_balancing_policy: { policies: [] } }), policy("round_robin.v3.RoundRobin", {})),
  compare(
    "policy by extension",
    cluster({ lb_policy: "LOAD_BALANCING_POLICY_CONFIG" }),
    cluster({ lb_policy: "ROUND_ROBIN" }),
  ),
  compare(
    "longest ejection",
    cluster({ outlier_detection: { base_ejection_time: "31s", max_ejection_time: "30s" } }),
    cluster({ outlier_detection: { base_ejection_time: "30s", max_ejection_time: "30s" } }),
  ),
  compare(
    "longest ejection, default base",
    cluster({ outlier_detection: { max_ejection_time: "29.9s" } }),
    cluster({ outlier_detection: { base_ejection_time: "301s" } }),
  ),
  compare(
    "host name where none is looked up",
    cluster({ load_assignment: endpoints(address("example.com")) }),
    cluster({ type: "STRICT_DNS", load_assignment: endpoints(address("example.com")) }),
  ),
  compare(
    "IPv6 in brackets",
    cluster({ load_assignment: endpoints(address("[fd00::1]")) }),
    cluster({ load_assignment: endpoints(address("fd00::1")) }),
  ),
  compare(
    "IPv4 with a leading zero",
    cluster({ load_assignment: endpoints(address("010.0.0.1")) }),
    cluster({ load_assignment: endpoints(address("10.0.0.1", 0)) }),
  ),
  compare(
    "named port",
    cluster({ load_assignment: endpoints({ socket_address: { address: "10.0.0.1", named_port: "http" } }) }),
    cluster({ load_assignment: endpoints({ pipe: { path: "/tmp/pipe" } }) }),
  ),
  compare(
    "two hosts of LOGICAL_DNS",
    cluster({ type: "LOGICAL_DNS", load_assignment: endpoints(address("a.test"), address("b.test")) }),
    cluster({ type: "LOGICAL_DNS", load_assignment: endpoints(address("a.test")) }),
  ),
  compare("no host of LOGICAL_DNS", bare({ type: "LOGICAL_DNS" }), bare({ type: "STRICT_DNS" })),
  compare(
    "ORIGINAL_DST",
    bare({ type: "ORIGINAL_DST" }),
    bare({ type: "ORIGINAL_DST", lb_policy: "CLUSTER_PROVIDED" }),
  ),
  compare("CLUSTER_PROVIDED", cluster({ lb_policy: "CLUSTER_PROVIDED" }), cluster({ lb_policy: "RANDOM" })),
  compare(
    "endpoints of ORIGINAL_DST",
    cluster({ type: "ORIGINAL_DST", lb_policy: "CLUSTER_PROVIDED" }),
    bare({ type: "ORIGINAL_DST", lb_policy: "CLUSTER_PROVIDED" }),
  ),
  compare("EDS without a source", bare({ type: "EDS" }), bare({ type: "STATIC" })),
  compare("EDS source of another type", cluster({ eds_cluster_config: { service_name: "x" } }), cluster({})),
  compare(
    "source address",
    cluster({ upstream_bind_config: { source_address: { address: "localhost", port_value: 0 } } }),
    cluster({ upstream_bind_config: { source_address: { address: "127.0.0.6", port_value: 0 } } }),
  ),
  compare(
    "health check status range",
    health({ expected_statuses: [{ start: 200, end: 200 }] }),
    health({ expected_statuses: [{ start: 200, end: 201 }] }),
  ),
  compare(
    "health check status above 599",
    health({ retriable_statuses: [{ start: 100, end: 601 }] }),
    health({ retriable_statuses: [{ start: 100, end: 600 }] }),
  ),
  compare(
    "protocol options without a protocol",
    cluster({
      typed_extension_protocol_options: {
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
          "@type": `${EXTENSION}upstreams.http.v3.HttpProtocolOptions`,
        },
      },
    }),
    cluster({
      typed_extension_protocol_options: {
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
          "@type": `${EXTENSION}upstreams.http.v3.HttpProtocolOptions`,
          explicit_http_config: { http2_protocol_options: {} },
        },
      },
    }),
  ),
];

const CERTIFICATES = [
  compare("authority", authority("no certificate"), authority(CERTIFICATE)),
  compare("authority list", authority(CERTIFICATE + BROKEN), authority(`# one\n${CERTIFICATE}# two\n${CERTIFICATE}`)),
  compare("empty authority", authority(""), upstream({})),
  compare(
    "names without an authority",
    upstream({ validation_context: { match_typed_subject_alt_names: [{ san_type: "DNS", matcher: { exact: "x" } }] } }),
    upstream({
      validation_context: {
        match_typed_subject_alt_names: [{ san_type: "DNS", matcher: { exact: "x" } }],
        trusted_ca: text(CERTIFICATE),
      },
    }),
  ),
  compare(
    "key of another certificate",
    identity(pair(CERTIFICATE, OTHER_KEY)),
    identity(pair(CERTIFICATE, PRIVATE_KEY)),
  ),
  compare("key", identity(pair(CERTIFICATE, "no key")), identity(pair(`${CERTIFICATE}rest`, PRIVATE_KEY))),
  compare(
    "chain",
    identity(pair(CERTIFICATE + BROKEN, PRIVATE_KEY)),
    identity(pair(CERTIFICATE + CERTIFICATE, PRIVATE_KEY)),
  ),
  compare("no key", identity({ certificate_chain: text(CERTIFICATE) }), identity(pair(CERTIFICATE, PRIVATE_KEY))),
  compare(
    "two certificates of a client",
    identity(pair(CERTIFICATE, PRIVATE_KEY), pair(CERTIFICATE, PRIVATE_KEY)),
    listeners(
      listener([
        {
          ...chain(),
          transport_socket: tls("Downstream", {
            tls_certificates: [pair(CERTIFICATE, PRIVATE_KEY), pair(CERTIFICATE, PRIVATE_KEY)],
          }),
        },
      ]),
    ),
  ),
  compare(
    "server without a certificate",
    listeners(listener([{ ...chain(), transport_socket: tls("Downstream", {}) }])),
    upstream({}),
  ),
];

const ROUTES = [
  compare("no domain", table([{ domains: [] }]), table([{ domains: ["x*y"] }])),
  compare(
    "domain twice",
    table([{ domains: ["a.test"] }, { domains: ["b.test", "A.test"] }]),
    table([{ domains: ["a.test"] }, { domains: ["b.test", "A.test:80"] }]),
  ),
  compare(
    "two wildcards",
    table([{ domains: ["*"] }, { domains: ["*"] }]),
    table([{ domains: ["*"] }, { domains: ["*.test"] }]),
  ),
  compare(
    "lookahead",
    route({ match: { safe_regex: { regex: "/(?=a)" } } }),
    route({ match: { safe_regex: { regex: "/(?:a)" } } }),
  ),
  compare(
    "regex of a header",
    route({ match: { prefix: "/", headers: [{ name: "a", string_match: { safe_regex: { regex: "(" } } }] } }),
    route({ match: { prefix: "/", headers: [{ name: "a", string_match: { safe_regex: { regex: "()" } } }] } }),
  ),
  compare(
    "weights of nothing",
    weights({ name: "c", weight: 0 }, { name: "c" }),
    weights({ name: "c", weight: 0 }, { name: "c", weight: 1 }),
  ),
  compare(
    "weights above 32 bits",
    weights({ name: "c", weight: 4_294_967_295 }, { name: "c", weight: 1 }),
    weights({ name: "c", weight: 4_294_967_294 }, { name: "c", weight: 1 }),
  ),
  compare("weight without a cluster", weights({ weight: 1 }), weights({ cluster_header: "x-cluster", weight: 1 })),
  compare(
    "weight with two clusters",
    weights({ name: "c", cluster_header: "x-cluster", weight: 1 }),
    weights({ name: "c", weight: 1 }),
  ),
  compare(
    "two rewrites",
    action({ prefix_rewrite: "/a", regex_rewrite: { pattern: { regex: "a" }, substitution: "b" } }),
    action({ regex_rewrite: { pattern: { regex: "a" }, substitution: "b" } }),
  ),
  compare(
    "long answer",
    route({ direct_response: { status: 200, body: text("x".repeat(4097)) } }),
    route({ direct_response: { status: 200, body: text("x".repeat(4096)) } }),
  ),
  compare(
    "limit of answers",
    route({ direct_response: { status: 200, body: text("x".repeat(5001)) } }),
    table([{ routes: [{ match: { prefix: "/" }, direct_response: { status: 200, body: text("x".repeat(5000)) } }] }], {
      max_direct_response_body_size_bytes: 5000,
    }),
  ),
  compare(
    "status of an answer",
    route({ direct_response: { status: 600 } }),
    route({ direct_response: { status: 599 } }),
  ),
  compare("pseudo header", added(":path", "/"), added("path", "/")),
  compare("host header", added("Host", "x"), added("hosts", "x")),
  compare("header name with a line end", added("a\nb", "x"), added("a b", "x")),
  compare("empty header name", added("", "x"), added("a", "")),
  compare("lone percent sign", added("a", "100%"), added("a", "100%%")),
  compare("percent sign in the middle", added("a", "5% to 6%"), added("a", "%REQ(x-a?b):10% of %PROTOCOL%")),
  compare(
    "host header taken away",
    route({ response_headers_to_remove: ["host"] }),
    route({ response_headers_to_remove: ["server"] }),
  ),
  compare(
    "headers of a virtual host",
    table([{ request_headers_to_remove: [":path"] }]),
    table([{ request_headers_to_remove: ["path"] }]),
  ),
  compare(
    "headers of a weight",
    weights({ name: "c", weight: 1, request_headers_to_remove: ["host"] }),
    weights({ name: "c", weight: 1, request_headers_to_remove: ["x-host"] }),
  ),
  compare(
    "retry intervals",
    action({ retry_policy: { retry_on: "5xx", retry_back_off: { base_interval: "1s", max_interval: "0.999s" } } }),
    action({ retry_policy: { retry_on: "5xx", retry_back_off: { base_interval: "1s", max_interval: "1s" } } }),
  ),
  compare(
    "mirror without a cluster",
    action({ request_mirror_policies: [{}] }),
    action({ request_mirror_policies: [{ cluster: "c" }] }),
  ),
  compare(
    "upgrade twice",
    action({ upgrade_configs: [{ upgrade_type: "websocket" }, { upgrade_type: "WebSocket" }] }),
    action({ upgrade_configs: [{ upgrade_type: "websocket" }, { upgrade_type: "CONNECT" }] }),
  ),
  compare("negative timeout", action({ timeout: "-0.001s" }), action({ timeout: "0s" })),
  compare("endless timeout", action({ timeout: "9223372036s" }), action({ timeout: "9223372035s" })),
  compare(
    "cookie without a name",
    action({ hash_policy: [{ cookie: { name: "" } }] }),
    action({ hash_policy: [{ cookie: { name: "a" } }] }),
  ),
  compare(
    "unknown cluster",
    route({ route: { cluster: "none" } }),
    table([{ routes: [{ match: { prefix: "/" }, route: { cluster: "none" } }] }], { validate_clusters: false }),
  ),
  compare(
    "unknown mirror",
    action({ request_mirror_policies: [{ cluster: "none" }] }),
    action({ request_mirror_policies: [{ cluster_header: "x-cluster" }] }),
  ),
  compare(
    "fault without a kind",
    route({ typed_per_filter_config: { f: { "@type": `${EXTENSION}filters.http.fault.v3.HTTPFault`, abort: {} } } }),
    route({
      typed_per_filter_config: {
        f: { "@type": `${EXTENSION}filters.http.fault.v3.HTTPFault`, abort: { http_status: 503 } },
      },
    }),
  ),
];

const range = (prefix: string, length: number): Json => ({
  prefix_ranges: [{ address_prefix: prefix, prefix_len: length }],
});
const other = (fields: Json): Json => listener([chain()], { name: "m", ...fields });

const LISTENERS = [
  compare("no chain", listeners(listener([])), listeners(listener([], { default_filter_chain: chain() }))),
  compare(
    "host name",
    listeners(other({ address: address("localhost", 1) })),
    listeners(other({ address: address("::1", 1) })),
  ),
  compare(
    "port above 65535",
    listeners(other({ address: address("127.0.0.1", 65_536) })),
    listeners(other({ address: address("127.0.0.1", 65_535) })),
  ),
  compare("chain twice", chains({ destination_port: 1 }, { destination_port: 1 }), chains({ destination_port: 1 }, {})),
  compare(
    "server name twice",
    chains({ server_names: ["a", "b"] }, { server_names: ["B"] }),
    chains({ server_names: ["a", "b"] }, { server_names: ["*.b"] }),
  ),
  compare(
    "range twice",
    chains(range("10.0.0.1", 24), range("10.0.0.2", 24)),
    chains(range("10.0.0.1", 24), range("10.0.0.2", 25)),
  ),
  compare(
    "range of mapped addresses twice",
    chains(range("::ffff:1.2.3.4", 128), range("::ffff:102:304", 128)),
    chains(range("::ffff:1.2.3.4", 128), range("1.2.3.4", 32)),
  ),
  compare(
    "range beyond an address",
    chains(range("10.0.0.1", 33), range("10.0.0.1", 32)),
    chains(range("10.0.0.1", 33)),
  ),
  compare("range of no address", chains(range("10.0.0", 8)), chains(range("10.0.0.0", 8))),
  compare(
    "protocol twice",
    chains({ application_protocols: ["h2", "http/1.1"] }, { application_protocols: ["http/1.1"] }),
    chains({ application_protocols: ["h2", "http/1.1"] }, { application_protocols: ["http/1.1"], source_ports: [1] }),
  ),
  compare("port 0", chains({ destination_port: 0 }), chains({ source_type: "EXTERNAL" }, {})),
  compare("wildcard inside a name", chains({ server_names: ["w*.a"] }), chains({ server_names: ["*.a"] })),
  compare("address suffix", chains({ address_suffix: "a" }), chains({ transport_protocol: "anything" })),
  compare("filter behind the last", filters(TCP, LIMIT, TCP), filters(LIMIT, TCP)),
  compare("filter that ends nothing", filters(LIMIT), filters()),
  compare("filter behind the router", httpFilters(ROUTER, ROUTER), httpFilters(CORS, ROUTER)),
  compare("no router", httpFilters(CORS), httpFilters()),
  compare(
    "upgrade of a listener twice",
    filters(manager(hosts([{}]), { upgrade_configs: [{ upgrade_type: "websocket" }, { upgrade_type: "WebSocket" }] })),
    filters(manager(hosts([{}]), { upgrade_configs: [{ upgrade_type: "websocket" }] })),
  ),
  compare(
    "address twice",
    listeners(listener([chain()]), other({ bind_to_port: false })),
    listeners(listener([chain()]), other({ address: address("0.0.0.0", 10_000) })),
  ),
  compare(
    "address twice in two spellings",
    listeners(other({ address: address("::1", 1) }), listener([chain()], { address: address("0:0::0:1", 1) })),
    listeners(other({ address: address("::1", 0) }), listener([chain()], { address: address("::1", 0) })),
  ),
  compare(
    "further address twice",
    listeners(
      listener([chain()]),
      other({ address: address("::1", 1), additional_addresses: [{ address: address("127.0.0.1", 10_000) }] }),
    ),
    listeners(
      listener([chain()]),
      other({ address: address("::1", 1), additional_addresses: [{ address: address("127.0.0.1", 10_001) }] }),
    ),
  ),
];

const SETS = [
  compare(
    "cluster twice",
    { clusters: [...(cluster({}).clusters ?? []), ...(cluster({}).clusters ?? [])] },
    { clusters: [...(cluster({}).clusters ?? []), ...(cluster({ name: "d" }).clusters ?? [])] },
  ),
];

export const CASES: readonly Case[] = [...CLUSTERS, ...CERTIFICATES, ...ROUTES, ...LISTENERS, ...SETS];

/** Endpoints as EDS sends them: each refused one beside one that is taken. */
export const ENDPOINT_CASES: readonly { readonly name: string; readonly bad: Json; readonly good: Json }[] = [
  { name: "host name", bad: endpoints(address("example.com")), good: endpoints(address("10.0.0.1")) },
  {
    name: "health check address",
    bad: lb({ endpoint: { address: address(), health_check_config: { address: address("example.com") } } }),
    good: lb({ endpoint: { address: address(), health_check_config: { address: address() } } }),
  },
  {
    name: "further address",
    bad: lb({ endpoint: { address: address(), additional_addresses: [{ address: address("example.com") }] } }),
    good: lb({ endpoint: { address: address(), additional_addresses: [{ address: address("::1") }] } }),
  },
  { name: "no address", bad: lb({ endpoint: {} }), good: { cluster_name: "c" } },
  {
    name: "weight 0",
    bad: lb({ endpoint: { address: address() }, load_balancing_weight: 0 }),
    good: lb(
      { endpoint: { address: address() }, load_balancing_weight: 4_294_967_295 },
      { endpoint: { address: address() }, load_balancing_weight: 4_294_967_295 },
    ),
  },
  {
    name: "priority",
    bad: { cluster_name: "c", endpoints: [{ priority: 129, lb_endpoints: [{ endpoint: { address: address() } }] }] },
    good: { cluster_name: "c", endpoints: [{ priority: 2, lb_endpoints: [{ endpoint: { address: address() } }] }] },
  },
  {
    name: "two overload rules",
    bad: { cluster_name: "c", policy: { drop_overloads: [drop("a"), drop("b")] } },
    good: { cluster_name: "c", policy: { drop_overloads: [drop("a")] } },
  },
];

function lb(...all: readonly Json[]): Json {
  return { cluster_name: "c", endpoints: [{ lb_endpoints: all }] };
}

function drop(category: string): Json {
  return { category, drop_percentage: { numerator: 1 } };
}
