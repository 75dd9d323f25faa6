/** Listeners for what the application of an explicit sidecar calls: see ADR 4. */
import { create } from "@bufbuild/protobuf";
import { type Diagnostic, formatRef } from "../base/diagnostic.ts";
import { TrafficDirection } from "../gen/envoy/config/core/v3/base_pb.ts";
import type { Filter, FilterChain } from "../gen/envoy/config/listener/v3/listener_components_pb.ts";
import { type Listener, ListenerSchema } from "../gen/envoy/config/listener/v3/listener_pb.ts";
import type { ServiceDefinition } from "../model/snapshot.ts";
import { routedBy } from "./connection-manager.ts";
import { socketAddress } from "./envoy.ts";
import { EXPLICIT_ROUTES, outboundCluster, serviceName } from "./names.ts";
import type { Proxy } from "./proxy.ts";
import type { Scope } from "./scope.ts";
import { tlsInspector } from "./inspectors.ts";
import { sniChains } from "./sni.ts";
import { tcpProxy } from "./tcp.ts";

/**
 * One HTTP listener for all services, and one for each TCP port of a service.
 *
 * @param scope oldest first: of two that want one port the first gets it
 */
export function explicitListeners(
  scope: Pick<Scope, "catalog" | "lazy">,
  proxy: Proxy,
  report: (diagnostic: Diagnostic) => void,
): Listener[] {
  const { catalog: services, lazy } = scope;
  const { outboundAddress: address, outboundHttpPort, workload } = proxy;
  const taken = new Map<number, string>([[outboundHttpPort, "the HTTP listener"]]);
  for (const { port, protocol } of workload.containerPorts) {
    if (protocol === "TCP" && !taken.has(port)) taken.set(port, "the pod's own application");
  }
  const listeners = [listener("outbound|http", address, outboundHttpPort, routedBy(EXPLICIT_ROUTES, lazy.length > 0))];
  const sni = sniChains(services);
  const named = new Set<number>();
  for (const service of services) {
    for (const { port, protocol } of service.ports) {
      if (protocol !== "TCP" && protocol !== "TLS") continue;
      const byName = service.external && protocol === "TLS";
      if (byName && named.has(port)) continue;
      const owner = taken.get(port);
      if (owner === undefined) {
        taken.set(port, formatRef(service.ref));
        if (byName) {
          named.add(port);
          listeners.push(tlsListener(address, port, sni.get(port)?.chains ?? []));
          continue;
        }
        const filter = tcpProxy(outboundCluster(service, port));
        listeners.push(listener(`outbound|${port}|${serviceName(service)}`, address, port, filter));
      } else report(conflict(service, port, address, owner, proxy));
    }
  }
  return listeners;
}

function conflict(service: ServiceDefinition, port: number, address: string, owner: string, { id }: Proxy): Diagnostic {
  return {
    code: "HED2104",
    level: "warning",
    ref: service.ref,
    path: "spec.ports",
    message: `${id} cannot reach port ${port} at ${address}:${port}: ${owner} has it. Use another port number`,
  };
}

/** All TLS to one port, by the name that is asked for; what asks for another name is cut off. */
function tlsListener(address: string, port: number, chains: readonly FilterChain[]): Listener {
  return create(ListenerSchema, {
    name: `outbound|${port}|sni`,
    address: socketAddress(address, port),
    trafficDirection: TrafficDirection.OUTBOUND,
    listenerFilters: tlsInspector([port]),
    filterChains: [...chains],
  });
}

function listener(name: string, address: string, port: number, filter: Filter): Listener {
  return create(ListenerSchema, {
    name,
    address: socketAddress(address, port),
    trafficDirection: TrafficDirection.OUTBOUND,
    filterChains: [{ name: "outbound", filters: [filter] }],
  });
}
