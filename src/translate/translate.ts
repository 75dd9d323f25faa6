/**
 * What one sidecar is to run, as Envoy messages. A pure function of the snapshot and the proxy, apart from a memo: an
 * unchanged service gives the very same messages, for every proxy, so that each is encoded once; and a list in which nothing
 * changed is the very same list, for every proxy that it is the same for. Proxies of one kind share all of it.
 */
import type { Diagnostic } from "../base/diagnostic.ts";
import type { Cluster } from "../gen/envoy/config/cluster/v3/cluster_pb.ts";
import type { ClusterLoadAssignment } from "../gen/envoy/config/endpoint/v3/endpoint_pb.ts";
import type { TypedExtensionConfig } from "../gen/envoy/config/core/v3/extension_pb.ts";
import type { Listener } from "../gen/envoy/config/listener/v3/listener_pb.ts";
import type { RouteConfiguration } from "../gen/envoy/config/route/v3/route_pb.ts";
import type { Secret } from "../gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts";
import type { MeshSnapshot } from "../model/snapshot.ts";
import { distinctByName } from "./distinct.ts";
import { blackHoleCluster } from "./fixed-clusters.ts";
import { fleetEndpoints, fleetSizeOf } from "./fleet.ts";
import { distinctAddresses } from "./listener-address.ts";
import { type Distinctions, distinctionsOf, kindOf } from "./kind.ts";
import { createMemo, type Memo } from "./memo.ts";
import { outboundClusters, outboundEndpoints, outboundRoutes, type Reported, withLimits } from "./outbound.ts";
import type { Proxy } from "./proxy.ts";
import { clusterFor, type Demand, NO_DEMAND, serviceNamed } from "./on-demand.ts";
import { rateLimitCluster, rateLimitEndpoints } from "./rate-limit-service.ts";
import { scopeOf } from "./scope.ts";
import { DEFAULT_SETTINGS, type MeshSettings } from "./settings.ts";
import { explicitSide, transparentSide } from "./side.ts";
import { udpOf, withUdp } from "./udp.ts";

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

/** @param demand what sidecars were seen to call, for those that are told of nothing else */
export type Translator = (snapshot: MeshSnapshot, proxy: Proxy, demand?: Demand) => ProxyConfig;

/** A translator with a memo of its own. It never throws on what users wrote. */
export function createTranslator(settings: MeshSettings = DEFAULT_SETTINGS): Translator {
  const memo = createMemo();
  return (snapshot, proxy, demand = NO_DEMAND) => {
    const distinctions = distinctionsOf(snapshot, memo);
    const kind = kindOf(snapshot, proxy, demand, distinctions, memo);
    return memo.of(snapshot, kind, [], () => {
      const config = translate(snapshot, proxy, demand, distinctions, settings, memo);
      const { diagnostics, ...lists } = config;
      // A change that concerns other kinds leaves this one's the very same.
      return memo(`config/${kind}`, [...Object.values(lists), ...diagnostics], () => config);
    });
  };
}

const SECRETS: readonly Secret[] = [];

function translate(
  snapshot: MeshSnapshot,
  proxy: Proxy,
  demand: Demand,
  { fleets, asked }: Distinctions,
  mesh: MeshSettings,
  memo: Memo,
): ProxyConfig {
  const { workload, capture } = proxy;
  const fleetSize = fleetSizeOf(fleets, workload);
  const { outboundPolicy = mesh.outboundPolicy } = proxy;
  const settings = { ...mesh, outboundPolicy };
  const told = scopeOf(snapshot, proxy, demand, memo);
  // What is made for a scope holds what its callers may call beside it.
  const scope = outboundPolicy === mesh.outboundPolicy ? told : { ...told, key: `${told.key}!${outboundPolicy}` };
  const side =
    capture === "transparent"
      ? transparentSide(snapshot, scope, proxy, settings, memo)
      : explicitSide(snapshot, scope, proxy, memo);
  const udp = udpOf(snapshot, proxy, settings, memo);
  const outbound = outboundClusters(scope, memo);
  const routes = outboundRoutes(snapshot, scope, proxy, { fleetSize, asked }, settings, memo);
  const limiter = asked?.found;
  const fixed = memo("clusters/fixed", [limiter?.service, limiter?.port], () => [
    blackHoleCluster(),
    ...(limiter ? [rateLimitCluster(limiter)] : []),
  ]);
  const demanded = proxy.dependencies.kind === "auto" ? demand.hosts : [];
  const parts = [side.clusters, fixed, udp.clusters];
  const clusters = memo.of(outbound, `clusters/${side.key}/${demanded.join()}/${udp.key}`, parts, () => {
    const found = demanded.map((host) => clusterFor(host, serviceNamed(host, workload.namespace, snapshot.services)));
    return distinctByName([...outbound, ...fixed, ...side.clusters, ...udp.clusters, ...found]);
  });
  // Also where the service is no dependency of the sidecar: it is the policies that name it.
  const forLimits = [
    ...(fleetSize === undefined ? [] : [fleetEndpoints(fleetSize, memo)]),
    ...(limiter ? rateLimitEndpoints(snapshot, limiter, workload, memo) : []),
  ];
  const [called, ...own] = side.listeners;
  const others = [...own, udp.listeners];
  const listeners = memo.of(called, `listeners/${side.key}/${udp.key}`, others, (): Reported<Listener> => {
    const diagnostics: Diagnostic[] = [];
    // The pod's own first, so that no service can take the capture port's address away.
    const distinct = distinctAddresses([...others.flat(), ...called], (d) => void diagnostics.push(d));
    return { items: distinctByName(distinct), diagnostics };
  });
  return {
    clusters,
    endpoints: withUdp(withLimits(outboundEndpoints(snapshot, scope, workload, memo), forLimits, memo), udp, memo),
    listeners: listeners.items,
    routes: routes.items,
    secrets: SECRETS,
    extensions: side.extensions,
    diagnostics: [
      ...proxy.diagnostics,
      ...side.diagnostics,
      ...udp.diagnostics,
      ...routes.diagnostics,
      ...listeners.diagnostics,
    ],
  };
}
