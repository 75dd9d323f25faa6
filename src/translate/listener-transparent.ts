/**
 * Listeners for what a captured pod calls. Only `virtualOutbound` binds; it hands each connection to the listener whose
 * address is the one that the connection was going to: first an exact address, then `0.0.0.0` with that port.
 */
import { create } from "@bufbuild/protobuf";
import { TrafficDirection } from "../gen/envoy/config/core/v3/base_pb.ts";
import type { Filter } from "../gen/envoy/config/listener/v3/listener_components_pb.ts";
import { type Listener, ListenerSchema } from "../gen/envoy/config/listener/v3/listener_pb.ts";
import type { Service, ServicePort } from "../model/snapshot.ts";
import { routedBy } from "./connection-manager.ts";
import { duration, socketAddress } from "./envoy.ts";
import { HTTP_PROTOCOLS, httpInspector } from "./inspectors.ts";
import type { Memo } from "./memo.ts";
import { outboundCluster, PASSTHROUGH } from "./names.ts";
import { httpPorts, sniffedTableName } from "./route-table.ts";
import type { MeshSettings } from "./settings.ts";
import { loopGuard, tcpProxy, unmatchedChain } from "./tcp.ts";

/** Where the capture rules send what goes out. */
export const OUTBOUND_PORT = 15001;

/** @param ownAddresses of the pod: its calls to itself do not come this way */
export function transparentListeners(
  services: readonly Service[],
  ownAddresses: readonly string[],
  settings: MeshSettings,
  memo: Memo,
): Listener[] {
  const ports = httpPorts(services);
  return [
    memo("listener/virtualOutbound", [], () => virtualOutbound(settings)),
    ...ports.map((port) => memo(`listener/http/${port}`, [], () => httpListener(port, settings))),
    ...services.flatMap((service) =>
      service.ports.flatMap((port) => addressListeners(service, port, ports, ownAddresses, settings, memo)),
    ),
  ];
}

function virtualOutbound(settings: MeshSettings): Listener {
  return create(ListenerSchema, {
    name: "virtualOutbound",
    address: socketAddress("0.0.0.0", OUTBOUND_PORT),
    useOriginalDst: true,
    trafficDirection: TrafficDirection.OUTBOUND,
    filterChains: [loopGuard(OUTBOUND_PORT)],
    defaultFilterChain: unmatchedChain(settings),
  });
}

/**
 * All HTTP to one port number, whatever the address. What is not HTTP passes through: otherwise one HTTP service on port 443
 * would take every other connection to that port away from the whole mesh.
 */
function httpListener(port: number, settings: MeshSettings): Listener {
  return sniffing(`0.0.0.0_${port}`, "0.0.0.0", port, routedBy(String(port)), unmatchedChain(settings), settings);
}

function addressListeners(
  service: Service,
  port: ServicePort,
  httpPortNumbers: readonly number[],
  ownAddresses: readonly string[],
  settings: MeshSettings,
  memo: Memo,
): Listener[] {
  const { protocol } = port;
  const key = (address: string): string => `listener/${service.key}/${address}/${port.port}/${protocol}`;
  if (protocol === "Auto") {
    return service.clusterIPs.map((ip) => memo(key(ip), [], () => autoListener(service, port, ip, settings)));
  }
  if (protocol !== "TCP" && protocol !== "TLS") return [];
  if (service.type !== "Headless") {
    const cluster = outboundCluster(service, port.port);
    return service.clusterIPs.map((ip) => memo(key(ip), [], () => tcpListener(ip, port.port, cluster)));
  }
  // Connections to single pods pass through by themselves, unless an HTTP listener on the same port would hold them up
  // waiting for the first bytes.
  if (!httpPortNumbers.includes(port.port)) return [];
  return service.endpoints
    .filter(({ address }) => !ownAddresses.includes(address))
    .map(({ address }) => memo(key(address), [], () => tcpListener(address, port.port, PASSTHROUGH)));
}

function tcpListener(address: string, port: number, cluster: string): Listener {
  return create(ListenerSchema, {
    name: `${address}_${port}`,
    address: socketAddress(address, port),
    bindToPort: false,
    trafficDirection: TrafficDirection.OUTBOUND,
    filterChains: [{ name: "tcp", filters: [tcpProxy(cluster)] }],
  });
}

function autoListener(service: Service, { port }: ServicePort, address: string, settings: MeshSettings): Listener {
  const tcp = { name: "tcp", filters: [tcpProxy(outboundCluster(service, port))] };
  return sniffing(`${address}_${port}`, address, port, routedBy(sniffedTableName(service, port)), tcp, settings);
}

type Chain = NonNullable<NonNullable<Parameters<typeof create<typeof ListenerSchema>>[1]>["defaultFilterChain"]>;

function sniffing(
  name: string,
  address: string,
  port: number,
  http: Filter,
  otherwise: Chain,
  settings: MeshSettings,
): Listener {
  return create(ListenerSchema, {
    name,
    address: socketAddress(address, port),
    bindToPort: false,
    trafficDirection: TrafficDirection.OUTBOUND,
    listenerFilters: httpInspector(),
    listenerFiltersTimeout: duration(settings.protocolDetectionTimeout),
    continueOnListenerFiltersTimeout: true,
    filterChains: [
      {
        name: "http",
        filterChainMatch: { transportProtocol: "raw_buffer", applicationProtocols: HTTP_PROTOCOLS },
        filters: [http],
      },
    ],
    defaultFilterChain: otherwise,
  });
}
