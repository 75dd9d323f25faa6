/** gRPC service definitions that pass raw bytes: requests are read and responses written by this layer itself. */
import type { DescService } from "@bufbuild/protobuf";
import type { MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";
import { ClusterDiscoveryService } from "../gen/envoy/service/cluster/v3/cds_pb.ts";
import { AggregatedDiscoveryService } from "../gen/envoy/service/discovery/v3/ads_pb.ts";
import { EndpointDiscoveryService } from "../gen/envoy/service/endpoint/v3/eds_pb.ts";
import { ListenerDiscoveryService } from "../gen/envoy/service/listener/v3/lds_pb.ts";
import { RouteDiscoveryService, VirtualHostDiscoveryService } from "../gen/envoy/service/route/v3/rds_pb.ts";
import { SecretDiscoveryService } from "../gen/envoy/service/secret/v3/sds_pb.ts";
import { CLUSTER, ENDPOINT, LISTENER, ROUTE, SECRET, VIRTUAL_HOST } from "./type-url.ts";

/** A discovery service and the only type that it serves; the aggregated one serves all. */
export interface DiscoveryService {
  readonly service: DescService;
  readonly typeUrl: string | undefined;
}

export const DISCOVERY_SERVICES: readonly DiscoveryService[] = [
  { service: AggregatedDiscoveryService, typeUrl: undefined },
  { service: ClusterDiscoveryService, typeUrl: CLUSTER },
  { service: EndpointDiscoveryService, typeUrl: ENDPOINT },
  { service: ListenerDiscoveryService, typeUrl: LISTENER },
  { service: RouteDiscoveryService, typeUrl: ROUTE },
  { service: VirtualHostDiscoveryService, typeUrl: VIRTUAL_HOST },
  { service: SecretDiscoveryService, typeUrl: SECRET },
];

/** A service of which every message, both ways, is a Buffer. */
export function rawService(service: DescService): ServiceDefinition {
  const pass = (bytes: Buffer): Buffer => bytes;
  return Object.fromEntries(
    service.methods.map((method): [string, MethodDefinition<Buffer, Buffer>] => [
      method.name,
      {
        path: `/${service.typeName}/${method.name}`,
        requestStream: method.methodKind === "bidi_streaming" || method.methodKind === "client_streaming",
        responseStream: method.methodKind === "bidi_streaming" || method.methodKind === "server_streaming",
        requestSerialize: pass,
        requestDeserialize: pass,
        responseSerialize: pass,
        responseDeserialize: pass,
      },
    ]),
  );
}
