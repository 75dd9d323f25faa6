/** The listener for a UDP service that the application of a pod calls. */
import { create } from "@bufbuild/protobuf";
import { type Address, AddressSchema, SocketAddress_Protocol } from "../gen/envoy/config/core/v3/address_pb.ts";
import { TrafficDirection } from "../gen/envoy/config/core/v3/base_pb.ts";
import { ListenerFilterSchema } from "../gen/envoy/config/listener/v3/listener_components_pb.ts";
import { type Listener, ListenerSchema } from "../gen/envoy/config/listener/v3/listener_pb.ts";
import { RouteSchema } from "../gen/envoy/extensions/filters/udp/udp_proxy/v3/route_pb.ts";
import { UdpProxyConfigSchema } from "../gen/envoy/extensions/filters/udp/udp_proxy/v3/udp_proxy_pb.ts";
import { duration, pack } from "./envoy.ts";
import type { MeshSettings } from "./settings.ts";

/** Larger datagrams are dropped, by default those of more than 1500 bytes. This is all that UDP can carry, and costs no time. */
const MAX_DATAGRAM = 65_535n;

/** @param cluster for the datagrams of all sessions; a session is a source address and port, and stays with its endpoint */
export function udpListener(address: string, port: number, cluster: string, settings: MeshSettings): Listener {
  const filter = create(ListenerFilterSchema, {
    name: "envoy.filters.udp_listener.udp_proxy",
    configType: {
      case: "typedConfig",
      value: pack(UdpProxyConfigSchema, {
        statPrefix: cluster,
        idleTimeout: duration(settings.udpSessionTimeout),
        upstreamSocketConfig: { maxRxDatagramSize: MAX_DATAGRAM },
        routeSpecifier: {
          case: "matcher",
          value: {
            onNoMatch: {
              onMatch: { case: "action", value: { name: "route", typedConfig: pack(RouteSchema, { cluster }) } },
            },
          },
        },
        // On loopback all sources are one, and all sessions would hash to one endpoint.
        hashPolicies: isLoopback(address) ? [] : [{ policySpecifier: { case: "sourceIp", value: true } }],
      }),
    },
  });
  return create(ListenerSchema, {
    name: `udp|${port}`,
    address: udpAddress(address, port),
    trafficDirection: TrafficDirection.OUTBOUND,
    udpListenerConfig: { downstreamSocketConfig: { maxRxDatagramSize: MAX_DATAGRAM } },
    listenerFilters: [filter],
  });
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}

function udpAddress(address: string, port: number): Address {
  return create(AddressSchema, {
    address: {
      case: "socketAddress",
      value: { protocol: SocketAddress_Protocol.UDP, address, portSpecifier: { case: "portValue", value: port } },
    },
  });
}
