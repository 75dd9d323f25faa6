/** Virtual hosts: what is called by which name, for callers of one namespace. */
import { create } from "@bufbuild/protobuf";
import {
  type Route,
  RouteSchema,
  type VirtualHost,
  VirtualHostSchema,
} from "../gen/envoy/config/route/v3/route_components_pb.ts";
import type { ServiceDefinition, ServicePort } from "../model/snapshot.ts";
import { duration } from "./envoy.ts";
import { anyRequest } from "./match.ts";
import { PASSTHROUGH, portName } from "./names.ts";
import type { MeshSettings } from "./settings.ts";

/** Sniffed as HTTP or declared to be. */
export function speaksHttp({ protocol }: ServicePort): boolean {
  return protocol === "HTTP" || protocol === "HTTP2" || protocol === "GRPC";
}

/** A virtual host of a service port, under the domains that are given. */
export function virtualHost(
  service: ServiceDefinition,
  port: number,
  domains: readonly string[],
  routes: readonly Route[],
): VirtualHost {
  return create(VirtualHostSchema, { name: portName(service, port), domains: [...domains], routes: [...routes] });
}

/** Single pods of a headless service: the caller has resolved the pod's name itself and must reach that very pod. */
export function podsVirtualHost(service: ServiceDefinition, port: number, domains: readonly string[]): VirtualHost {
  return create(VirtualHostSchema, {
    name: `pods.${portName(service, port)}`,
    domains: [...domains],
    routes: [toCluster(PASSTHROUGH)],
  });
}

/**
 * Hosts that the mesh does not know.
 *
 * @param originalDestination the connection was captured, so that where it was going is known
 */
export function unknownHosts(settings: MeshSettings, originalDestination: boolean): VirtualHost {
  if (settings.outboundPolicy === "allow-any" && originalDestination) {
    return create(VirtualHostSchema, { name: "allow_any", domains: ["*"], routes: [toCluster(PASSTHROUGH)] });
  }
  const text = "no service of the mesh has this host";
  const refuse = create(RouteSchema, {
    name: "unknown",
    match: anyRequest(),
    action: {
      case: "directResponse",
      value: { status: 502, body: { specifier: { case: "inlineString", value: `${text}\n` } } },
    },
  });
  return create(VirtualHostSchema, { name: "block_all", domains: ["*"], routes: [refuse] });
}

function toCluster(cluster: string): Route {
  return create(RouteSchema, {
    name: "default",
    match: anyRequest(),
    action: {
      case: "route",
      value: {
        clusterSpecifier: { case: "cluster", value: cluster },
        timeout: duration(0),
      },
    },
  });
}
