/**
 * Small resources for the tests of refusals. Each has a content number that shows up in Envoy's config dump, so that a test can
 * tell which content a name runs.
 */
import { create } from "@bufbuild/protobuf";
import { anyPack, AnySchema, StringValueSchema } from "@bufbuild/protobuf/wkt";
import {
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
  ClusterSchema,
} from "../../src/gen/envoy/config/cluster/v3/cluster_pb.ts";
import { ClusterLoadAssignmentSchema } from "../../src/gen/envoy/config/endpoint/v3/endpoint_pb.ts";
import { ListenerSchema } from "../../src/gen/envoy/config/listener/v3/listener_pb.ts";
import { RouteConfigurationSchema } from "../../src/gen/envoy/config/route/v3/route_pb.ts";
import { routedBy } from "../../src/translate/connection-manager.ts";
import { ads, duration, socketAddress } from "../../src/translate/envoy.ts";
import { tcpProxy } from "../../src/translate/tcp.ts";
import { encodeResource, type Resource } from "../../src/xds/index.ts";

/** What is wrong with a resource, if anything. */
export type Fault = "rule" | "early" | "late" | "filter" | "duplicate-domain" | "bad-address" | undefined;

/** A cluster of which the connect timeout, in seconds, is its content number. */
export function cluster(name: string, content: number, fault?: Fault): Resource {
  return encodeResource(
    ClusterSchema,
    create(ClusterSchema, {
      name,
      clusterDiscoveryType: { case: "type", value: Cluster_DiscoveryType.EDS },
      edsClusterConfig: { edsConfig: ads() },
      connectTimeout: duration(fault === "rule" ? 0 : content * 1000),
      ...(fault === "late"
        ? {
            lbPolicy: Cluster_LbPolicy.RING_HASH,
            lbConfig: {
              case: "ringHashLbConfig" as const,
              value: { minimumRingSize: 2048n, maximumRingSize: 1024n },
            },
          }
        : {}),
      ...(fault === "early"
        ? {
            transportSocket: {
              name: "no.such.socket",
              configType: {
                case: "typedConfig" as const,
                value: anyPack(StringValueSchema, create(StringValueSchema)),
              },
            },
          }
        : {}),
    }),
    name,
  );
}

/** Endpoints of which the port is 10 000 and the content number. */
export function endpoints(name: string, content: number, fault?: Fault): Resource {
  const address = socketAddress(fault === "bad-address" ? "not-an-ip" : "127.0.0.1", 10_000 + content);
  const endpoint = {
    hostIdentifier: { case: "endpoint" as const, value: { address } },
    ...(fault === "rule" ? { loadBalancingWeight: 0 } : {}),
  };
  return encodeResource(
    ClusterLoadAssignmentSchema,
    create(ClusterLoadAssignmentSchema, { clusterName: name, endpoints: [{ lbEndpoints: [endpoint] }] }),
    name,
  );
}

/** A listener of which the statistics prefix holds the content number. */
export function listener(name: string, port: number, content: number, fault?: Fault): Resource {
  const filter = tcpProxy(`${name}-is-${content}`);
  if (fault === "filter")
    filter.configType = {
      case: "typedConfig",
      value: create(AnySchema, { typeUrl: "type.googleapis.com/no.such.Filter" }),
    };
  return encodeResource(
    ListenerSchema,
    create(ListenerSchema, {
      name,
      address: socketAddress("127.0.0.1", fault === "rule" ? 70_000 : port),
      filterChains: [{ filters: [filter] }],
    }),
    name,
  );
}

/** A listener that asks for the route table of its name. */
export function routedListener(name: string, port: number): Resource {
  return encodeResource(
    ListenerSchema,
    create(ListenerSchema, {
      name: `routed-${name}`,
      address: socketAddress("127.0.0.1", port),
      filterChains: [{ filters: [routedBy(name)] }],
    }),
    `routed-${name}`,
  );
}

/** A route table of which the virtual host's name holds the content number. */
export function routes(name: string, content: number, fault?: Fault): Resource {
  const host = { name: `${name}-is-${content}`, domains: fault === "rule" ? [] : ["*"] };
  const twin = { name: "twin", domains: ["*"] };
  return encodeResource(
    RouteConfigurationSchema,
    create(RouteConfigurationSchema, { name, virtualHosts: fault === "duplicate-domain" ? [host, twin] : [host] }),
    name,
  );
}

/** Content numbers that an Envoy runs, by name, read off its config dump. `null` stands for a cluster that is warming. */
export function runningContents(dump: string): Readonly<Record<string, number | null>> {
  const { configs } = JSON.parse(dump) as { configs: Record<string, unknown>[] };
  return Object.fromEntries(
    configs.flatMap((config) => [...clusterContents(config), ...endpointContents(config), ...named(config)]),
  );
}

type Content = readonly [name: string, content: number | null];

function clusterContents(config: Record<string, unknown>): Content[] {
  const active = list(config["dynamic_active_clusters"]).flatMap(({ cluster: c }): Content[] => {
    const [, name, timeout] = /"name":"([a-z]+)".*"connect_timeout":"([0-9.]+)s"/.exec(JSON.stringify(c)) ?? [];
    return name === undefined ? [] : [[`cluster ${name}`, Number(timeout)]];
  });
  const warming = list(config["dynamic_warming_clusters"]).flatMap(({ cluster: c }): Content[] => {
    const [, name] = /"name":"([a-z]+)"/.exec(JSON.stringify(c)) ?? [];
    return name === undefined ? [] : [[`warming ${name}`, null]];
  });
  return [...active, ...warming];
}

function endpointContents(config: Record<string, unknown>): Content[] {
  return list(config["dynamic_endpoint_configs"]).flatMap(({ endpoint_config: e }): Content[] => {
    const [, name] = /"cluster_name":"([a-z]+)"/.exec(JSON.stringify(e)) ?? [];
    const [, port] = /"port_value":(\d+)/.exec(JSON.stringify(e)) ?? [];
    return name === undefined || port === undefined ? [] : [[`endpoints ${name}`, Number(port) - 10_000]];
  });
}

/** Listeners and route tables say their content in a name. */
function named(config: Record<string, unknown>): Content[] {
  const found = JSON.stringify(config).matchAll(/"(?:stat_prefix|name)":"([a-z]+)-is-(\d+)"/g);
  return [...found].flatMap(([, name, content]): Content[] =>
    inErrorState(config, `${name}-is-${content}`) ? [] : [[`is ${name}`, Number(content)]],
  );
}

/** The text stands only in what a listener failed to become. */
function inErrorState(config: Record<string, unknown>, text: string): boolean {
  const active = list(config["dynamic_listeners"])
    .map((l) => JSON.stringify(l["active_state"] ?? null))
    .join();
  return "dynamic_listeners" in config && !active.includes(text);
}

function list(value: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(value) ? (value as Record<string, unknown>[]) : [];
}
