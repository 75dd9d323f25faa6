/**
 * Listeners for what a captured pod calls. Only `virtualOutbound` binds; it hands each connection to the listener whose
 * address is the one that the connection was going to: first an exact address, then `0.0.0.0` with that port.
 */
import { create } from "@bufbuild/protobuf";
import { TrafficDirection } from "../gen/envoy/config/core/v3/base_pb.ts";
import type { Filter, FilterChain } from "../gen/envoy/config/listener/v3/listener_components_pb.ts";
import { type Listener, ListenerSchema } from "../gen/envoy/config/listener/v3/listener_pb.ts";
import type { Service, ServiceDefinition, ServicePort } from "../model/snapshot.ts";
import { routedBy } from "./connection-manager.ts";
import { duration, socketAddress } from "./envoy.ts";
import { HTTP_PROTOCOLS, httpInspector, tlsInspector } from "./inspectors.ts";
import type { Memo } from "./memo.ts";
import { outboundCluster, PASSTHROUGH, portName } from "./names.ts";
import { httpPorts } from "./route-table.ts";
import type { Scope } from "./scope.ts";
import type { MeshSettings } from "./settings.ts";
import { sniChains } from "./sni.ts";
import { loopGuard, tcpProxy, unmatchedChain } from "./tcp.ts";

/** Where the capture rules send what goes out. */
export const OUTBOUND_PORT = 15001;

/**
 * Headless services to whose pods connections would be held up by a listener on the same port that waits for the first bytes, for
 * HTTP or for the name that TLS asks for. Others' connections to single pods pass through by themselves.
 */
export function heldUp(services: readonly ServiceDefinition[]): readonly ServiceDefinition[] {
  const numbers = new Set([...httpPorts(services), ...sniChains(services).keys()]);
  return services.filter(
    ({ type, ports }) => type === "Headless" && ports.some((port) => isOpaque(port) && numbers.has(port.port)),
  );
}

function isOpaque({ protocol }: ServicePort): boolean {
  return protocol === "TCP" || protocol === "TLS";
}

/**
 * @param headless the services of `heldUp`
 * @param ownAddresses of the pod: its calls to itself do not come this way
 */
export function transparentListeners(
  { catalog: services, lazy }: Pick<Scope, "catalog" | "lazy">,
  headless: readonly Service[],
  ownAddresses: readonly string[],
  settings: MeshSettings,
  memo: Memo,
): Listener[] {
  const ports = httpPorts([...services, ...lazy]);
  const onDemand = lazy.length > 0;
  const sni = memo.of(services, "listener/sni", [], () => sniChains(services));
  return [
    memo(`listener/virtualOutbound/${settings.outboundPolicy}`, [], () => virtualOutbound(settings)),
    ...ports.map((port) => {
      const named = sni.get(port);
      return memo(`listener/http/${port}/${onDemand}/${settings.outboundPolicy}/${named?.key ?? ""}`, [], () =>
        httpListener(port, onDemand, settings, named?.chains),
      );
    }),
    ...[...sni]
      .filter(([port]) => !ports.includes(port))
      .map(([port, { key, chains }]) =>
        memo(`listener/tls/${port}/${settings.outboundPolicy}/${key}`, [], () => tlsListener(port, chains, settings)),
      ),
    ...services.flatMap((service) => service.ports.flatMap((port) => addressListeners(service, port, settings, memo))),
    ...headless.flatMap((service) =>
      service.ports
        .filter((port) => isOpaque(port) && (ports.includes(port.port) || sni.has(port.port)))
        .flatMap((port) => podListeners(service, port, ownAddresses, memo)),
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
function httpListener(
  port: number,
  onDemand: boolean,
  settings: MeshSettings,
  named: readonly FilterChain[] = [],
): Listener {
  const listener = sniffing(
    `0.0.0.0_${port}`,
    "0.0.0.0",
    port,
    routedBy(String(port), onDemand),
    unmatchedChain(settings),
    settings,
  );
  if (named.length === 0) return listener;
  return create(ListenerSchema, {
    ...listener,
    listenerFilters: [...tlsInspector([port]), ...listener.listenerFilters],
    filterChains: [...listener.filterChains, ...named],
  });
}

/** All TLS to one port number that no service of the mesh speaks HTTP on. */
function tlsListener(port: number, named: readonly FilterChain[], settings: MeshSettings): Listener {
  return create(ListenerSchema, {
    name: `0.0.0.0_${port}`,
    address: socketAddress("0.0.0.0", port),
    bindToPort: false,
    trafficDirection: TrafficDirection.OUTBOUND,
    listenerFilters: tlsInspector([port]),
    listenerFiltersTimeout: duration(settings.protocolDetectionTimeout),
    continueOnListenerFiltersTimeout: true,
    filterChains: [...named],
    defaultFilterChain: unmatchedChain(settings),
  });
}

function addressListeners(
  service: ServiceDefinition,
  port: ServicePort,
  settings: MeshSettings,
  memo: Memo,
): readonly Listener[] {
  const make = (build: (address: string) => Listener): readonly Listener[] =>
    service.clusterIPs.map((ip) =>
      memo(`listener/${service.key}/${ip}/${port.port}/${port.protocol}`, [], () => build(ip)),
    );
  if (port.protocol === "Auto") return make((ip) => autoListener(service, port, ip, settings));
  // Many hosts may share one address: TLS to ExternalServices is told by name.
  if (!isOpaque(port) || (service.external && port.protocol === "TLS")) return [];
  const cluster = outboundCluster(service, port.port);
  return make((ip) => tcpListener(ip, port.port, cluster));
}

function podListeners(
  service: Service,
  { port }: ServicePort,
  ownAddresses: readonly string[],
  memo: Memo,
): readonly Listener[] {
  return service.endpoints
    .filter(({ address }) => !ownAddresses.includes(address))
    .map(({ address }) => memo(`listener/pod/${address}/${port}`, [], () => tcpListener(address, port, PASSTHROUGH)));
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

function autoListener(
  service: ServiceDefinition,
  { port }: ServicePort,
  address: string,
  settings: MeshSettings,
): Listener {
  const tcp = { name: "tcp", filters: [tcpProxy(outboundCluster(service, port))] };
  return sniffing(`${address}_${port}`, address, port, routedBy(portName(service, port)), tcp, settings);
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
