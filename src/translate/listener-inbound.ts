/** Listeners for what calls a pod: one for all captured connections, or one a port in explicit mode. */
import { create } from "@bufbuild/protobuf";
import { TrafficDirection } from "../gen/envoy/config/core/v3/base_pb.ts";
import { type FilterChain, FilterChainSchema } from "../gen/envoy/config/listener/v3/listener_components_pb.ts";
import { type Listener, ListenerSchema } from "../gen/envoy/config/listener/v3/listener_pb.ts";
import { type Route, RouteSchema } from "../gen/envoy/config/route/v3/route_components_pb.ts";
import type { Protocol } from "../model/snapshot.ts";
import { adaptivePlace } from "./adaptive-concurrency.ts";
import { routedTo } from "./connection-manager.ts";
import { duration, socketAddress } from "./envoy.ts";
import { HTTP_PROTOCOLS, httpInspector, originalDst, tlsInspector } from "./inspectors.ts";
import { anyRequest } from "./match.ts";
import { INBOUND_PASSTHROUGH, inboundCluster } from "./names.ts";
import type { InboundPort } from "./proxy.ts";
import { retryPolicy } from "./retry.ts";
import type { ServedPort } from "./served-port.ts";
import type { MeshSettings } from "./settings.ts";
import { loopGuard, tcpProxy } from "./tcp.ts";

/** Where the capture rules send what comes in. */
export const INBOUND_PORT = 15006;

/** The listener of a captured pod. */
export function virtualInbound(served: readonly ServedPort[], settings: MeshSettings): Listener {
  const sniffed = served.filter(({ protocol }) => protocol === "Auto").map(({ port }) => port);
  const mayBeTls = served.filter(({ protocol }) => isHttp(protocol) || protocol === "Auto").map(({ port }) => port);
  return create(ListenerSchema, {
    name: "virtualInbound",
    address: socketAddress("0.0.0.0", INBOUND_PORT),
    trafficDirection: TrafficDirection.INBOUND,
    listenerFilters: [originalDst(), ...tlsInspector(mayBeTls), ...httpInspector(sniffed)],
    listenerFiltersTimeout: duration(settings.protocolDetectionTimeout),
    continueOnListenerFiltersTimeout: true,
    filterChains: [loopGuard(INBOUND_PORT), ...served.flatMap(chainsOf)],
    defaultFilterChain: { name: "undeclared", filters: [tcpProxy(INBOUND_PASSTHROUGH)] },
  });
}

/** Whether requests to such a port may go through a connection manager. */
export function mayBeHttp(protocol: Protocol): boolean {
  return isHttp(protocol) || protocol === "Auto";
}

function isHttp(protocol: Protocol): boolean {
  return protocol === "HTTP" || protocol === "HTTP2" || protocol === "GRPC";
}

/**
 * Envoy narrows the chains down criterion by criterion and never goes back: a chain that leaves the transport protocol open
 * next to one that names it would be passed over. So every chain names it.
 */
function chainsOf({ port, protocol }: ServedPort): FilterChain[] {
  const cluster = inboundCluster(port);
  const chain = (kind: string, match: object, filter: FilterChain["filters"][number]): FilterChain =>
    create(FilterChainSchema, {
      name: `${port}_${kind}`,
      filterChainMatch: { destinationPort: port, ...match },
      filters: [filter],
    });
  const plain = { transportProtocol: "raw_buffer" };
  if (!isHttp(protocol) && protocol !== "Auto") return [chain("tcp", plain, tcpProxy(cluster))];
  // The application's own TLS is none of the sidecar's business.
  const tls = chain("tls", { transportProtocol: "tls" }, tcpProxy(cluster));
  const http = routedTo(cluster, inboundRoute(port, protocol), [adaptivePlace(port)]);
  if (protocol !== "Auto") return [chain("http", plain, http), tls];
  return [
    chain("http", { ...plain, applicationProtocols: HTTP_PROTOCOLS }, http),
    chain("tcp", plain, tcpProxy(cluster)),
    tls,
  ];
}

/** A listener of an explicit sidecar, on the pod's own address. */
export function explicitInbound(address: string, { port }: InboundPort, protocol: Protocol): Listener {
  const filter = isHttp(protocol)
    ? routedTo(inboundCluster(port), inboundRoute(port, protocol), [adaptivePlace(port)])
    : tcpProxy(inboundCluster(port));
  return create(ListenerSchema, {
    name: `inbound|${port}`,
    address: socketAddress(address, port),
    trafficDirection: TrafficDirection.INBOUND,
    filterChains: [{ name: isHttp(protocol) ? "http" : "tcp", filters: [filter] }],
  });
}

/** To the application. What was not written to a connection that breaks is sent by another one. */
function inboundRoute(port: number, protocol: Protocol): Route {
  // Retries keep what was sent in memory: too dear for streams.
  const retry =
    protocol === "GRPC" ? undefined : retryPolicy({ attempts: 2, conditions: ["reset-before-request"] }, false);
  return create(RouteSchema, {
    name: "default",
    match: anyRequest(),
    action: {
      case: "route",
      value: {
        clusterSpecifier: { case: "cluster", value: inboundCluster(port) },
        timeout: duration(0),
        ...(retry ? { retryPolicy: retry } : {}),
      },
    },
  });
}
