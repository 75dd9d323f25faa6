import { create } from "@bufbuild/protobuf";
import {
  type Filter,
  type FilterChain,
  FilterChainSchema,
  FilterSchema,
} from "../gen/envoy/config/listener/v3/listener_components_pb.ts";
import { TcpProxySchema } from "../gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts";
import { pack } from "./envoy.ts";
import { BLACK_HOLE, PASSTHROUGH } from "./names.ts";
import type { MeshSettings } from "./settings.ts";

/** A filter that hands a connection's bytes to a cluster. */
export function tcpProxy(cluster: string): Filter {
  const value = pack(TcpProxySchema, { statPrefix: cluster, clusterSpecifier: { case: "cluster", value: cluster } });
  return create(FilterSchema, { name: "envoy.filters.network.tcp_proxy", configType: { case: "typedConfig", value } });
}

/** Connections that no other chain takes: to where they were going, or nowhere. */
export function unmatchedChain(settings: MeshSettings): FilterChain {
  const cluster = settings.outboundPolicy === "allow-any" ? PASSTHROUGH : BLACK_HOLE;
  return create(FilterChainSchema, { name: "unmatched", filters: [tcpProxy(cluster)] });
}

/** Connections to the capture port itself, which would otherwise be sent round for ever. */
export function loopGuard(port: number): FilterChain {
  return create(FilterChainSchema, {
    name: "loop",
    filterChainMatch: { destinationPort: port, transportProtocol: "raw_buffer" },
    filters: [tcpProxy(BLACK_HOLE)],
  });
}
