/** What is behind a cluster. */
import { type Cluster, Cluster_DiscoveryType } from "../gen/envoy/config/cluster/v3/cluster_pb.ts";
import type { Address } from "../gen/envoy/config/core/v3/address_pb.ts";
import { HealthStatus } from "../gen/envoy/config/core/v3/health_check_pb.ts";
import type { LbEndpoint } from "../gen/envoy/config/endpoint/v3/endpoint_components_pb.ts";
import type { ClusterLoadAssignment } from "../gen/envoy/config/endpoint/v3/endpoint_pb.ts";

export interface Destination {
  readonly cluster: string;
  /** 0 to 1. */
  readonly share: number;
  readonly endpoints: readonly EndpointView[];
  /** What there is to say of the cluster, or "". */
  readonly note: string;
}

export interface EndpointView {
  readonly address: string;
  readonly ready: boolean;
  /** 0 is asked first. */
  readonly priority: number;
  /** `region/zone`, or "". */
  readonly locality: string;
}

/** The part of a configuration that says what is behind clusters. */
export interface Backends {
  readonly clusters: readonly Cluster[];
  readonly endpoints: readonly ClusterLoadAssignment[];
}

/** @param original where the connection was going */
export function destinationOf(
  { clusters, endpoints }: Backends,
  name: string,
  share: number,
  original: string,
): Destination {
  const cluster = clusters.find((candidate) => candidate.name === name);
  const of = (views: readonly EndpointView[], note: string): Destination => ({
    cluster: name,
    share,
    endpoints: views,
    note,
  });
  if (!cluster) return of([], "there is no such cluster: 503");
  const { value: type } = cluster.clusterDiscoveryType;
  if (type === Cluster_DiscoveryType.ORIGINAL_DST) {
    return of([{ address: original, ready: true, priority: 0, locality: "" }], "where the connection was going");
  }
  const assignment = endpoints.find(({ clusterName }) => clusterName === name) ?? cluster.loadAssignment;
  const views = assignment ? viewsOf(assignment) : [];
  if (views.length === 0) return of(views, "nobody is there: 503");
  if (type === Cluster_DiscoveryType.LOGICAL_DNS) return of(views, "one address that DNS gives");
  return of(views, views.some(({ ready }) => ready) ? "" : "none is ready: 503");
}

function viewsOf({ endpoints }: ClusterLoadAssignment): readonly EndpointView[] {
  return endpoints
    .flatMap(({ priority, locality, lbEndpoints }) =>
      lbEndpoints.map((endpoint) => ({
        address: addressOf(endpoint),
        ready: endpoint.healthStatus !== HealthStatus.UNHEALTHY,
        priority,
        locality: [locality?.region, locality?.zone].filter((part) => part).join("/"),
      })),
    )
    .sort((a, b) => a.priority - b.priority || (a.address < b.address ? -1 : 1));
}

function addressOf({ hostIdentifier }: LbEndpoint): string {
  return hostIdentifier.case === "endpoint" ? addressText(hostIdentifier.value.address) : "";
}

/** `10.0.0.1:80`, `[::1]:80`. */
export function addressText(address: Address | undefined): string {
  if (address?.address.case !== "socketAddress") return "";
  const { address: host, portSpecifier } = address.address.value;
  return hostPort(host, Number(portSpecifier.value ?? 0));
}

export function hostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
