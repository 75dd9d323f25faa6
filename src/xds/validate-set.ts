/** What Envoy refuses of resources together, each of which is fine by itself. */
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { type FieldPath, formatPath } from "../base/field-path.ts";
import type { Cluster } from "../gen/envoy/config/cluster/v3/cluster_pb.ts";
import type { ClusterLoadAssignment } from "../gen/envoy/config/endpoint/v3/endpoint_pb.ts";
import type { FilterChain } from "../gen/envoy/config/listener/v3/listener_components_pb.ts";
import type { Listener } from "../gen/envoy/config/listener/v3/listener_pb.ts";
import type { RouteConfiguration } from "../gen/envoy/config/route/v3/route_pb.ts";
import type { Route } from "../gen/envoy/config/route/v3/route_components_pb.ts";
import { HttpConnectionManagerSchema } from "../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { CLUSTER, ENDPOINT, LISTENER, ROUTE } from "./type-url.ts";
import { addressKey } from "./validate-address.ts";
import type { Violation } from "./validate-findings.ts";

/** What one client gets; types that are left out are not judged. */
export interface ResourceSet {
  readonly clusters?: readonly Cluster[];
  readonly endpoints?: readonly ClusterLoadAssignment[];
  readonly listeners?: readonly Listener[];
  readonly routes?: readonly RouteConfiguration[];
}

/** A violation and the resource that would have to go: of two that cannot stand together, the later one. */
export interface SetViolation extends Violation {
  readonly typeUrl: string;
  readonly name: string;
}

/** Names that occur twice, listeners on one address, and inline routes to clusters that are not there. */
export function validateSet({ clusters, endpoints = [], listeners = [], routes = [] }: ResourceSet): SetViolation[] {
  const known = clusters && new Set(clusters.map(({ name }) => name));
  return [
    ...duplicates(CLUSTER, "name", clusters?.map(({ name }) => name) ?? []),
    ...duplicates(
      ENDPOINT,
      "cluster_name",
      endpoints.map(({ clusterName }) => clusterName),
    ),
    ...duplicates(
      LISTENER,
      "name",
      listeners.map(({ name }) => name),
    ),
    ...duplicates(
      ROUTE,
      "name",
      routes.map(({ name }) => name),
    ),
    ...sharedAddresses(listeners),
    ...(known ? listeners.flatMap((listener) => unknownClusters(listener, known)) : []),
  ];
}

function duplicates(typeUrl: string, path: string, names: readonly string[]): SetViolation[] {
  const seen = new Set<string>();
  return names
    .filter((name) => seen.has(name) || !seen.add(name))
    .map((name) => ({ typeUrl, name, path, message: "another resource of the set has this name" }));
}

/** Whether they bind or not: Envoy tells listeners apart by address. */
function sharedAddresses(listeners: readonly Listener[]): SetViolation[] {
  const owners = new Map<string, string>();
  return listeners.flatMap(({ name, address, additionalAddresses }) => {
    const all = [address, ...additionalAddresses.map((additional) => additional.address)];
    const clash = all
      .flatMap((each) => addressKey(each) ?? [])
      .map((key) => owners.get(key) ?? (owners.set(key, name), name))
      .find((owner) => owner !== name);
    if (clash === undefined) return [];
    return [{ typeUrl: LISTENER, name, path: "address", message: `listener ${clash} has this address` }];
  });
}

/** Envoy looks up the clusters of a table that stands in a listener, but not those of RDS, unless told otherwise. */
function unknownClusters(listener: Listener, known: ReadonlySet<string>): SetViolation[] {
  const { name, filterChains, defaultFilterChain } = listener;
  const chains: { chain: FilterChain; at: FieldPath }[] = filterChains.map((chain, index) => ({
    chain,
    at: ["filter_chains", index],
  }));
  if (defaultFilterChain) chains.push({ chain: defaultFilterChain, at: ["default_filter_chain"] });
  return chains.flatMap(({ chain, at }) =>
    chain.filters.flatMap(({ configType }, index) => {
      if (configType.case !== "typedConfig") return [];
      const manager = anyUnpack(configType.value, HttpConnectionManagerSchema);
      if (manager?.routeSpecifier.case !== "routeConfig" || manager.routeSpecifier.value.validateClusters === false)
        return [];
      const routes = manager.routeSpecifier.value.virtualHosts.flatMap((host) => host.routes);
      const missing = [...new Set(routes.flatMap(clustersOf))].filter((cluster) => !known.has(cluster));
      const path = formatPath([...at, "filters", index, "typed_config", "route_config"]);
      return missing.map((cluster) => ({ typeUrl: LISTENER, name, path, message: `there is no cluster ${cluster}` }));
    }),
  );
}

function clustersOf({ action }: Route): string[] {
  if (action.case !== "route") return [];
  const { clusterSpecifier: target, requestMirrorPolicies } = action.value;
  const mirrors = requestMirrorPolicies.map(({ cluster }) => cluster);
  const weighted = target.case === "weightedClusters" ? target.value.clusters.map(({ name }) => name) : [];
  const named = target.case === "cluster" ? [target.value] : [];
  return [...named, ...weighted, ...mirrors].filter((name) => name !== "");
}
