/**
 * What one sidecar is to run, as Envoy messages. A pure function of the snapshot and the proxy, apart from a memo: an
 * unchanged service gives the very same messages, for every proxy, so that each is encoded once.
 */
import type { Diagnostic } from "../base/diagnostic.ts";
import type { Cluster } from "../gen/envoy/config/cluster/v3/cluster_pb.ts";
import type { ClusterLoadAssignment } from "../gen/envoy/config/endpoint/v3/endpoint_pb.ts";
import type { TypedExtensionConfig } from "../gen/envoy/config/core/v3/extension_pb.ts";
import type { Listener } from "../gen/envoy/config/listener/v3/listener_pb.ts";
import type { RouteConfiguration } from "../gen/envoy/config/route/v3/route_pb.ts";
import type { Secret } from "../gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts";
import { type AskedService, askedService } from "../model/rate-limit-service.ts";
import type { MeshSnapshot, Service, ServicePort } from "../model/snapshot.ts";
import { adaptiveConcurrency } from "./adaptive-concurrency.ts";
import { callerKey } from "./caller.ts";
import { type Closeness, closenessOf } from "./closeness.ts";
import { clustersOf } from "./cluster.ts";
import { endpointsOf } from "./endpoints.ts";
import {
  blackHoleCluster,
  capturedInboundCluster,
  explicitInboundCluster,
  inboundPassthroughCluster,
  passthroughCluster,
} from "./fixed-clusters.ts";
import { fleetEndpoints, fleetSizeOf, type FleetSizes, fleetSizes, sharesLimits } from "./fleet.ts";
import { explicitListeners } from "./listener-explicit.ts";
import { explicitInbound, INBOUND_PORT, mayBeHttp, virtualInbound } from "./listener-inbound.ts";
import { transparentListeners } from "./listener-transparent.ts";
import { distinctAddresses } from "./listener-address.ts";
import { createMemo, type Memo } from "./memo.ts";
import type { Proxy } from "./proxy.ts";
import { backendsOf, routesOf } from "./route.ts";
import { rateLimitCluster } from "./rate-limit-service.ts";
import { explicitTable, type RouteInput, transparentTables } from "./route-table.ts";
import { probeCluster, probeListener } from "./tcp-probe.ts";
import { type ServedPort, servedPorts } from "./served-port.ts";
import { DEFAULT_SETTINGS, type MeshSettings } from "./settings.ts";

/** Everything of one sidecar; each list sorted by name. */
export interface ProxyConfig {
  readonly clusters: readonly Cluster[];
  readonly endpoints: readonly ClusterLoadAssignment[];
  readonly listeners: readonly Listener[];
  readonly routes: readonly RouteConfiguration[];
  readonly secrets: readonly Secret[];
  /** Filters that listeners ask for by name. */
  readonly extensions: readonly TypedExtensionConfig[];
  /** What of this proxy's configuration had to be left out or decided, and why. */
  readonly diagnostics: readonly Diagnostic[];
}

export type Translator = (snapshot: MeshSnapshot, proxy: Proxy) => ProxyConfig;

/** A translator with a memo of its own. It never throws on what users wrote. */
export function createTranslator(settings: MeshSettings = DEFAULT_SETTINGS): Translator {
  const memo = createMemo();
  const seen = new WeakMap<MeshSnapshot, Overview>();

  return (snapshot, proxy) => {
    let overview = seen.get(snapshot);
    if (!overview) seen.set(snapshot, (overview = overviewOf(snapshot)));
    return translate(snapshot, overview, proxy, settings, memo);
  };
}

/** What all proxies of a snapshot need to know of the whole mesh. */
interface Overview {
  /** Oldest first. */
  readonly services: readonly Service[];
  /** Undefined where nobody shares a limit. */
  readonly fleets: FleetSizes | undefined;
  /** The rate-limit service of the mesh. */
  readonly asked: AskedService | undefined;
}

function overviewOf(snapshot: MeshSnapshot): Overview {
  const services = oldestFirst(snapshot);
  return {
    services,
    fleets: sharesLimits(services) ? fleetSizes(snapshot) : undefined,
    asked: askedService(snapshot.services),
  };
}

function translate(
  snapshot: MeshSnapshot,
  { services, fleets, asked }: Overview,
  proxy: Proxy,
  settings: MeshSettings,
  memo: Memo,
): ProxyConfig {
  const fleetSize = fleets ? fleetSizeOf(fleets, proxy.workload) : 1;
  const diagnostics: Diagnostic[] = [...proxy.diagnostics];
  const report = (diagnostic: Diagnostic): void => void diagnostics.push(diagnostic);
  const outbound = services.flatMap((service) =>
    service.ports.filter(notUdp).map((port) => outboundOf(service, port, closenessOf(service, proxy.workload), memo)),
  );
  const callerOf = (service: Service): string => callerKey([service], proxy.workload, fleetSize);
  const input: RouteInput = {
    services,
    callerOf,
    caller: callerKey(services, proxy.workload, fleetSize),
    namespace: proxy.workload.namespace,
    settings,
    memo,
    report,
    routesOf(service, port) {
      const parts = [service, asked?.key, asked?.port, ...backendsOf(snapshot, service, port.port)];
      const build = () => routesOf({ snapshot, caller: proxy.workload, fleetSize, asked }, service, port.port);
      return memo(`routes/${service.key}/${port.port}/${callerOf(service)}`, parts, build);
    },
  };
  const found = asked?.found;
  const rateLimits = found
    ? [memo("cluster/rate-limit", [found.service, found.port], () => rateLimitCluster(found))]
    : [];
  const side = proxy.capture === "transparent" ? transparent(input, proxy, report) : explicit(input, proxy, report);
  return {
    clusters: distinctByName([
      ...outbound.flatMap(({ clusters }) => clusters),
      memo("cluster/black-hole", [], blackHoleCluster),
      ...rateLimits,
      ...side.clusters,
    ]),
    endpoints: distinct(
      [
        ...outbound.flatMap(({ endpoints }) => endpoints),
        ...(fleets ? [memo(`fleet/${fleetSize}`, [], () => fleetEndpoints(fleetSize))] : []),
      ],
      ({ clusterName }) => clusterName,
    ),
    listeners: distinctByName(distinctAddresses(side.listeners, report)),
    routes: distinctByName(side.routes),
    secrets: [],
    extensions: distinctByName(side.extensions),
    diagnostics,
  };
}

function notUdp({ protocol }: ServicePort): boolean {
  return protocol !== "UDP";
}

function outboundOf(service: Service, port: ServicePort, closeness: Closeness, memo: Memo) {
  const key = `${service.key}/${port.port}/${port.protocol}`;
  return {
    clusters: memo(`clusters/${key}`, [service], () => clustersOf(service, port)),
    endpoints: memo(`endpoints/${key}/${closeness.key}`, [service], () => endpointsOf(service, port, closeness)),
  };
}

/** The part of a configuration that depends on how traffic gets into the sidecar. */
interface Side {
  readonly clusters: readonly Cluster[];
  readonly listeners: readonly Listener[];
  readonly routes: readonly RouteConfiguration[];
  readonly extensions: readonly TypedExtensionConfig[];
}

type Report = (diagnostic: Diagnostic) => void;

function transparent(input: RouteInput, { workload, tcpProbes }: Proxy, report: Report): Side {
  const { services, settings, memo } = input;
  const served = servedPorts(services, workload, report).filter(({ port }) => {
    if (port !== INBOUND_PORT) return true;
    const message = `port ${port} is where the sidecar takes captured connections: nothing can be served there`;
    report({ code: "HED2107", level: "warning", ref: workload.ref, path: "", message });
    return false;
  });
  const [address] = workload.addresses;
  const probes = address === undefined ? [] : tcpProbes;
  const shape = served.map(({ port, protocol }) => `${port}/${protocol}`).join();
  return {
    clusters: [
      memo("cluster/passthrough", [], passthroughCluster),
      memo("cluster/inbound-passthrough", [], inboundPassthroughCluster),
      ...served.map(({ port, protocol, owner }) => {
        const inbound = owner.policy?.spec.inbound;
        const key = `cluster/inbound/${port}/${protocol}/${inbound ? owner.key : ""}`;
        return memo(key, [inbound], () => capturedInboundCluster(port, protocol, inbound));
      }),
      ...probes.map((port) => probeCluster(address!, port)),
    ],
    listeners: [
      // First, so that no service can take the capture port's address away.
      memo(`listener/inbound/${shape}`, [], () => virtualInbound(served, settings)),
      ...transparentListeners(services, workload.addresses, settings, memo),
      ...(probes.length > 0 ? [memo(`listener/probes/${probes.join()}`, [], () => probeListener(probes))] : []),
    ],
    routes: transparentTables(input),
    extensions: extensionsOf(served, memo),
  };
}

function explicit(input: RouteInput, proxy: Proxy, report: Report): Side {
  const { services } = input;
  const { workload, inboundPorts } = proxy;
  const served = new Map(servedPorts(services, workload, report).map((port) => [port.port, port]));
  const address = workload.addresses[0];
  // A port that no service leads to, and one that nobody declared, are plain TCP.
  const protocolOf = (port: number) => served.get(port)?.protocol ?? "TCP";
  const inbound = address === undefined ? [] : inboundPorts;
  if (address === undefined && inboundPorts.length > 0) {
    const message = "the sidecar opens no inbound ports: the pod has no address yet (status.podIP)";
    report({ code: "HED2105", level: "warning", ref: workload.ref, path: "status.podIP", message });
  }
  return {
    clusters: inbound.map((port) =>
      explicitInboundCluster(port, protocolOf(port.port), served.get(port.port)?.owner.policy?.spec.inbound),
    ),
    listeners: [
      ...explicitListeners(services, proxy, report),
      ...inbound.map((port) => explicitInbound(address!, port, protocolOf(port.port))),
    ],
    routes: [explicitTable(input)],
    extensions: extensionsOf(
      inbound.flatMap(({ port }) => served.get(port) ?? []),
      input.memo,
    ),
  };
}

/** What stands in the places that inbound listeners keep for it. */
function extensionsOf(served: readonly ServedPort[], memo: Memo): TypedExtensionConfig[] {
  return served.flatMap(({ port, protocol, owner }) => {
    if (!mayBeHttp(protocol)) return [];
    const adaptive = owner.policy?.spec.inbound?.adaptiveConcurrency;
    const key = `extension/inbound/${port}/${adaptive ? owner.key : ""}`;
    return memo(key, [adaptive], () => adaptiveConcurrency(port, adaptive));
  });
}

function oldestFirst({ services }: MeshSnapshot): readonly Service[] {
  return [...services.values()].sort((a, b) => a.createdAt - b.createdAt || (a.key < b.key ? -1 : 1));
}

function distinctByName<T extends { readonly name: string }>(items: readonly T[]): readonly T[] {
  return distinct(items, ({ name }) => name);
}

/** Sorted by name; of two with one name the first, which is the older service's. */
function distinct<T>(items: readonly T[], nameOf: (item: T) => string): readonly T[] {
  const byName = new Map<string, T>();
  for (const item of items) if (!byName.has(nameOf(item))) byName.set(nameOf(item), item);
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
}
