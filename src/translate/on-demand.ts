/**
 * Services that a sidecar is not told of before it calls them. A request for one of them goes to a cluster whose name is the host
 * that was asked for; Envoy holds the request back and asks the control plane for that cluster (on-demand CDS). What was asked
 * for once is told like any other service from then on.
 */
import { create } from "@bufbuild/protobuf";
import { type Cluster, ClusterSchema } from "../gen/envoy/config/cluster/v3/cluster_pb.ts";
import { RouteSchema, type VirtualHost, VirtualHostSchema } from "../gen/envoy/config/route/v3/route_components_pb.ts";
import type { Key, ServiceDefinition, ServicePort } from "../model/snapshot.ts";
import { clustersOf } from "./cluster.ts";
import { duration } from "./envoy.ts";
import { blackHoleCluster } from "./fixed-clusters.ts";
import { anyRequest } from "./match.ts";
import { speaksHttp } from "./virtual-host.ts";

/** What sidecars were seen to call. */
export interface Demand {
  /** Hosts that this sidecar has asked for, as requests named them; sorted. */
  readonly hosts: readonly string[];
  /** Services that sidecars like this one have asked for. */
  readonly services: readonly Key[];
}

export const NO_DEMAND: Demand = { hosts: [], services: [] };

/** Only requests say which host they mean: a service with any other port is told of from the start. */
export function isLazy({ type, ports }: ServiceDefinition): boolean {
  return type === "ClusterIP" && ports.every((port) => speaksHttp(port) || port.protocol === "UDP");
}

/**
 * The service that a host means to callers in a namespace, and its port: the one that is named, or 80, or the first that speaks
 * HTTP.
 */
export function serviceNamed(
  host: string,
  namespace: string,
  services: ReadonlyMap<Key, ServiceDefinition>,
): readonly [ServiceDefinition, ServicePort] | undefined {
  const [, name = "", number] = /^([^:]+?)\.?(?::([0-9]{1,5}))?$/.exec(host.toLowerCase()) ?? [];
  const [first = "", second = namespace] = name.split(".");
  const service = services.get(`${second}/${first}`);
  if (!service || ![first, `${first}.${second}`, `${first}.${second}.svc`, service.hostname].includes(name)) {
    return undefined;
  }
  const ports = service.ports.filter(speaksHttp);
  const port =
    number === undefined
      ? (ports.find((candidate) => candidate.port === 80) ?? ports[0])
      : ports.find((candidate) => candidate.port === Number(number));
  return port && [service, port];
}

/** The answer to a sidecar that asked for a host: the service's cluster by that name, or one without endpoints. */
export function clusterFor(host: string, meant: readonly [ServiceDefinition, ServicePort] | undefined): Cluster {
  if (!meant) return create(ClusterSchema, { ...blackHoleCluster(), name: host });
  const [whole] = clustersOf(...meant);
  const { edsClusterConfig, name } = whole!;
  return create(ClusterSchema, {
    ...whole!,
    name: host,
    ...(edsClusterConfig && { edsClusterConfig: { ...edsClusterConfig, serviceName: name } }),
  });
}

/**
 * The virtual host of a table for services that are not told of.
 *
 * @param ports the port numbers that hosts may end in; undefined in tables that do not look at them
 */
export function onDemandHost(
  services: readonly ServiceDefinition[],
  namespace: string,
  clusterDomain: string,
  ports?: readonly number[],
): VirtualHost {
  const own = services.filter((service) => service.namespace === namespace).map(({ name }) => name);
  const others = [...new Set(services.map((service) => service.namespace))].sort();
  const hosts = [...own, ...others.flatMap((ns) => [`*.${ns}`, `*.${ns}.svc`, `*.${ns}.svc.${clusterDomain}`])];
  const domains = ports ? [...hosts, ...ports.flatMap((port) => hosts.map((host) => `${host}:${port}`))] : hosts;
  const route = create(RouteSchema, {
    name: "on-demand",
    match: anyRequest(),
    action: {
      case: "route",
      value: { clusterSpecifier: { case: "clusterHeader", value: ":authority" }, timeout: duration(0) },
    },
  });
  return create(VirtualHostSchema, { name: "on_demand", domains, routes: [route] });
}
