/**
 * A request's way out of its caller's pod: listener, filter chain, route table, virtual host, route, clusters, endpoints. It walks the
 * very messages that the sidecar is sent, as Envoy 1.40 does, and gives plain data. 1.37
 * compares the values of a header that stands several times as one, joined by commas, and takes `..;x` for a name.
 */
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import type { FilterChain } from "../gen/envoy/config/listener/v3/listener_components_pb.ts";
import type { Route, RouteAction, RouteMatch } from "../gen/envoy/config/route/v3/route_components_pb.ts";
import type { RouteConfiguration } from "../gen/envoy/config/route/v3/route_pb.ts";
import { HttpConnectionManagerSchema } from "../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import type { MeshSnapshot } from "../model/snapshot.ts";
import { type TcpProxy, TcpProxySchema } from "../gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts";
import type { Proxy } from "../translate/proxy.ts";
import type { ProxyConfig } from "../translate/translate.ts";
import { type Destination, destinationOf, hostPort } from "./destination.ts";
import { alwaysAborts, effectsOf, isPreflight, percentOf } from "./effects.ts";
import { boundListener, capturedBy, type Connection, matchChain } from "./listener.ts";
import { received, type Request, type SentRequest } from "./request.ts";
import { redirection, sentOn } from "./rewriting.ts";
import { routeIn, type Routing } from "./routing.ts";
import type { Target } from "./target.ts";
import { type Withheld, withheldFrom } from "./withheld.ts";

export interface Call {
  readonly target: Target;
  readonly request: SentRequest;
  /** The connection carries something that does not look like HTTP. */
  readonly tcp: boolean;
}

export interface Explanation {
  /** Where the application's connection goes, as an address with a port, or a name where that is not known. */
  readonly connection: string;
  /** Why there. */
  readonly because: string;
  readonly listener?: Step;
  readonly chain?: Step;
  readonly routing?: Routing;
  /** Routes of the policy that are for other callers. */
  readonly withheld: readonly Withheld[];
  /** What else the route does, a line each. */
  readonly effects: readonly string[];
  readonly outcome: Outcome;
}

/** A thing that was chosen, and why. */
export interface Step {
  readonly name: string;
  readonly how: string;
}

export type Outcome =
  | {
      readonly kind: "forwarded";
      readonly destinations: readonly Destination[];
      readonly mirrors: readonly Destination[];
      /** What the receiver is asked, where that differs from what the application asked. */
      readonly sentOn?: { readonly path: string; readonly authority: string };
    }
  | { readonly kind: "redirected"; readonly status: number; readonly location: string }
  | { readonly kind: "answered"; readonly status: number; readonly body: string; readonly by: string }
  /** Nobody routes it. */
  | { readonly kind: "refused"; readonly status: number; readonly why: string }
  /** The sidecar never sees it. */
  | { readonly kind: "direct"; readonly why: string };

/** @param config what `proxy` is sent of `snapshot` */
export function explain(snapshot: MeshSnapshot, config: ProxyConfig, proxy: Proxy, call: Call): Explanation {
  const way = proxy.capture === "transparent" ? transparent(config, proxy, call) : explicit(config, proxy, call);
  return { ...way, withheld: way.routing ? withheldFrom(snapshot, way.routing.virtualHost, proxy.workload) : [] };
}

type Way = Omit<Explanation, "withheld">;

/** Stands for the address of a name that is none of the mesh's: no listener has it. */
const ELSEWHERE = "";

function transparent(config: ProxyConfig, { workload }: Proxy, call: Call): Way {
  const { target } = call;
  const { address = ELSEWHERE, port, host, what } = target;
  const connection = { address, port, protocol: call.tcp ? "" : "http/1.1" };
  const arrived = {
    connection: address === ELSEWHERE ? hostPort(host, port) : hostPort(address, port),
    because: what,
    effects: [],
  };
  const direct = (why: string): Way => ({ ...arrived, outcome: { kind: "direct", why } });
  if (workload.addresses.includes(address)) return direct("the pod calls itself");
  if (address === "127.0.0.1") return direct("loopback is not captured");
  if (address.includes(":")) return direct("the capture rules are for IPv4");
  const listener = capturedBy(config.listeners, connection);
  if (!listener) return { ...arrived, outcome: { kind: "refused", status: 0, why: "no listener takes connections" } };
  const step = { name: listener.found.name, how: listener.how };
  return { ...arrived, listener: step, ...chainOf(config, listener.found, connection, call, arrived.connection) };
}

function explicit(config: ProxyConfig, proxy: Proxy, call: Call): Way {
  const { outboundAddress: address, outboundHttpPort } = proxy;
  const { servicePort, port: called } = call.target;
  const protocol = servicePort?.protocol;
  const raw = call.tcp || protocol === "TCP" || protocol === "TLS";
  const port = raw ? called : outboundHttpPort;
  const connection = { address, port, protocol: call.tcp ? "" : "http/1.1" };
  const arrived = {
    connection: hostPort(address, port),
    because: raw
      ? `where the sidecar opens TCP port ${called} of a service`
      : "where the sidecar takes HTTP for all services",
    effects: [],
  };
  const listener = boundListener(config.listeners, connection);
  if (!listener) {
    const why = `nothing listens there: no service of the mesh has TCP port ${port} for this sidecar`;
    return { ...arrived, outcome: { kind: "refused", status: 0, why } };
  }
  const step = { name: listener.name, how: `is bound to ${arrived.connection}` };
  return { ...arrived, listener: step, ...chainOf(config, listener, connection, call, arrived.connection) };
}

type Rest = Pick<Explanation, "chain" | "routing" | "effects" | "outcome">;

function chainOf(
  config: ProxyConfig,
  listener: ProxyConfig["listeners"][number],
  connection: Connection,
  call: Call,
  original: string,
): Rest {
  const chain = matchChain(listener, connection);
  if (!chain) return { effects: [], outcome: { kind: "refused", status: 0, why: "no filter chain takes it" } };
  const step = { name: chain.found.name, how: chain.how };
  const { tcp, table } = filterOf(chain.found, config.routes);
  if (tcp) return { chain: step, effects: [], outcome: forwardedByTcp(config, tcp, original) };
  if (!table)
    return { chain: step, effects: [], outcome: { kind: "refused", status: 404, why: "it has no route table" } };
  return { chain: step, ...routed(config, table, call, original) };
}

/** What the last filter of a chain does with a connection. */
function filterOf(
  { filters }: FilterChain,
  routes: readonly RouteConfiguration[],
): { readonly tcp?: TcpProxy; readonly table?: RouteConfiguration } {
  const { configType } = filters.at(-1) ?? {};
  if (configType?.case !== "typedConfig") return {};
  const tcp = anyUnpack(configType.value, TcpProxySchema);
  if (tcp) return { tcp };
  const specifier = anyUnpack(configType.value, HttpConnectionManagerSchema)?.routeSpecifier;
  if (specifier?.case === "routeConfig") return { table: specifier.value };
  if (specifier?.case !== "rds") return {};
  const table = routes.find(({ name }) => name === specifier.value.routeConfigName);
  return table ? { table } : {};
}

function routed(config: ProxyConfig, table: RouteConfiguration, call: Call, original: string): Rest {
  const refused = (status: number, why: string): Outcome => ({ kind: "refused", status, why });
  const request = received(call.request);
  if ("refused" in request) return { effects: [], outcome: refused(400, request.refused) };
  const found = routeIn(table, request);
  if (request.headers.get("x-forwarded-proto")?.join() === "") {
    return { effects: [], outcome: refused(404, "header x-forwarded-proto is there and empty") };
  }
  if (!found) return { effects: [], outcome: refused(404, "no virtual host has the domain") };
  const { routing, taken } = found;
  if (!taken?.match) return { routing, effects: [], outcome: refused(404, "no route is for the request") };
  return { routing, effects: effectsOf(taken), outcome: outcomeOf(config, taken, taken.match, request, original) };
}

function outcomeOf(config: ProxyConfig, route: Route, match: RouteMatch, request: Request, original: string): Outcome {
  if (isPreflight(route, request)) {
    return { kind: "answered", status: 200, body: "", by: "the CORS filter: it is a preflight" };
  }
  const { case: kind, value } = route.action;
  switch (kind) {
    case "redirect": {
      const [status, location] = redirection(match, value, request);
      return { kind: "redirected", status, location };
    }
    case "directResponse": {
      const body = value.body?.specifier.case === "inlineString" ? value.body.specifier.value : "";
      return { kind: "answered", status: value.status, body, by: "the sidecar itself" };
    }
    case "route": {
      const sent = sentOn(match, value, request);
      const asked = request.query === undefined ? request.path : `${request.path}?${request.query}`;
      const same = sent.path === asked && sent.authority === request.authority;
      return {
        kind: "forwarded",
        destinations: destinationsOf(config, value.clusterSpecifier, request, original),
        mirrors: mirrorsOf(config, value, original),
        ...(same ? {} : { sentOn: sent }),
      };
    }
    default:
      return { kind: "refused", status: 404, why: "the route has no action that is understood here" };
  }
}

function mirrorsOf(config: ProxyConfig, { requestMirrorPolicies }: RouteAction, original: string): Destination[] {
  return requestMirrorPolicies.map(({ cluster, runtimeFraction }) =>
    destinationOf(config, cluster, Number.parseFloat(percentOf(runtimeFraction?.defaultValue)) / 100, original),
  );
}

function destinationsOf(
  config: ProxyConfig,
  specifier: RouteAction["clusterSpecifier"],
  { authority }: Request,
  original: string,
): readonly Destination[] {
  if (specifier.case === "clusterHeader") {
    const known = destinationOf(config, authority, 1, original);
    return [config.clusters.some(({ name }) => name === authority) ? known : { ...known, note: ON_DEMAND }];
  }
  const faults = specifier.case === "weightedClusters" ? specifier.value.clusters : [];
  return sharesOf(specifier).map(([name, share]) => {
    const status = faults.map((cluster) => (cluster.name === name ? alwaysAborts(cluster) : undefined)).find((s) => s);
    const destination = destinationOf(config, name, share, original);
    return status === undefined ? destination : { ...destination, note: `answered ${status} by the sidecar itself` };
  });
}

/** See `translate/on-demand.ts`. */
const ON_DEMAND = "the sidecar asks the control plane for it when it is first called, and the request waits";

type Specifier = RouteAction["clusterSpecifier"] | TcpProxy["clusterSpecifier"];

/** Cluster names with shares of 0 to 1. */
function sharesOf(specifier: Specifier): readonly (readonly [name: string, share: number])[] {
  if (specifier.case === "cluster") return [[specifier.value, 1]];
  if (specifier.case !== "weightedClusters") return [];
  const weights = specifier.value.clusters.map(({ name, weight = 0 }) => [name, weight] as const);
  const total = weights.reduce((sum, [, weight]) => sum + weight, 0);
  return weights.filter(([, weight]) => weight > 0).map(([name, weight]) => [name, weight / total]);
}

function forwardedByTcp(config: ProxyConfig, { clusterSpecifier }: TcpProxy, original: string): Outcome {
  const shares = sharesOf(clusterSpecifier);
  const destinations = shares.map(([name, share]) => destinationOf(config, name, share, original));
  return { kind: "forwarded", destinations, mirrors: [] };
}
