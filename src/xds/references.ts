import { fromBinary } from "@bufbuild/protobuf";
import { Cluster_DiscoveryType, ClusterSchema } from "../gen/envoy/config/cluster/v3/cluster_pb.ts";
import { ListenerSchema } from "../gen/envoy/config/listener/v3/listener_pb.ts";
import { HttpConnectionManagerSchema } from "../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import type { Resource } from "./resource.ts";
import { CLUSTER, ENDPOINT, LISTENER, ROUTE } from "./type-url.ts";

/** A resource that another one makes the client ask for. */
export interface Reference {
  readonly typeUrl: string;
  readonly name: string;
}

const NONE: readonly Reference[] = [];

/** References are read once a resource: a memo of a pure function. */
const read = new WeakMap<Resource, readonly Reference[]>();

/** The endpoints that a cluster names and the route tables that a listener names; nothing for other types. */
export function referencesOf(resource: Resource): readonly Reference[] {
  if (resource.typeUrl !== CLUSTER && resource.typeUrl !== LISTENER) return NONE;
  let references = read.get(resource);
  if (!references) {
    references = resource.typeUrl === CLUSTER ? readCluster(resource) : readListener(resource);
    read.set(resource, references);
  }
  return references;
}

function readCluster({ bytes }: Resource): readonly Reference[] {
  const cluster = fromBinary(ClusterSchema, bytes);
  const { clusterDiscoveryType: discovery } = cluster;
  if (discovery.case !== "type" || discovery.value !== Cluster_DiscoveryType.EDS) return NONE;
  return [{ typeUrl: ENDPOINT, name: cluster.edsClusterConfig?.serviceName || cluster.name }];
}

function readListener({ bytes }: Resource): readonly Reference[] {
  const listener = fromBinary(ListenerSchema, bytes);
  const chains = [...listener.filterChains, ...(listener.defaultFilterChain ? [listener.defaultFilterChain] : [])];
  const names = new Set<string>();
  for (const { configType } of chains.flatMap((chain) => chain.filters)) {
    if (configType.case !== "typedConfig") continue;
    const manager = anyUnpack(configType.value, HttpConnectionManagerSchema);
    if (manager?.routeSpecifier.case === "rds") names.add(manager.routeSpecifier.value.routeConfigName);
  }
  return [...names].map((name) => ({ typeUrl: ROUTE, name }));
}
