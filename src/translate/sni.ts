/** TLS that is passed through: which ExternalService a connection is for, by the name that its client asks for (SNI). */
import { create } from "@bufbuild/protobuf";
import { type FilterChain, FilterChainSchema } from "../gen/envoy/config/listener/v3/listener_components_pb.ts";
import type { ServiceDefinition } from "../model/snapshot.ts";
import { outboundCluster, serviceName } from "./names.ts";
import { tcpProxy } from "./tcp.ts";

/** The chains of one port number. */
export interface SniChains {
  /** Tells them from the chains of the same port in other scopes and at other times. */
  readonly key: string;
  readonly chains: readonly FilterChain[];
}

/**
 * By port number.
 *
 * @param services oldest first: of two that claim one name the first has it, since Envoy refuses a listener with a name twice
 */
export function sniChains(services: readonly ServiceDefinition[]): ReadonlyMap<number, SniChains> {
  const taken = new Set<string>();
  const byPort = new Map<number, { readonly service: ServiceDefinition; readonly names: readonly string[] }[]>();
  for (const service of services) {
    for (const { port, protocol } of service.external ? service.ports : []) {
      if (protocol !== "TLS") continue;
      const names = service.external!.hosts.filter((host) => !taken.has(`${host}:${port}`));
      for (const name of names) taken.add(`${name}:${port}`);
      if (names.length > 0) byPort.set(port, [...(byPort.get(port) ?? []), { service, names }]);
    }
  }
  return new Map(
    [...byPort].map(([port, entries]) => [
      port,
      {
        key: entries.map(({ service, names }) => `${serviceName(service)}=${names.join()}`).join(";"),
        chains: entries.map(({ service, names }) => chain(service, port, names)),
      },
    ]),
  );
}

function chain(service: ServiceDefinition, port: number, names: readonly string[]): FilterChain {
  return create(FilterChainSchema, {
    name: `sni:${serviceName(service)}`,
    filterChainMatch: { serverNames: [...names], transportProtocol: "tls" },
    filters: [tcpProxy(outboundCluster(service, port))],
  });
}
