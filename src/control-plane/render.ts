/** A proxy's configuration as people read it: ProtoJSON, in sections. */
import { fromBinary, type JsonValue, toJson } from "@bufbuild/protobuf";
import { ClusterSchema } from "../gen/envoy/config/cluster/v3/cluster_pb.ts";
import { ClusterLoadAssignmentSchema } from "../gen/envoy/config/endpoint/v3/endpoint_pb.ts";
import { TypedExtensionConfigSchema } from "../gen/envoy/config/core/v3/extension_pb.ts";
import { ListenerSchema } from "../gen/envoy/config/listener/v3/listener_pb.ts";
import { RouteConfigurationSchema } from "../gen/envoy/config/route/v3/route_pb.ts";
import { CLUSTER, ENDPOINT, EXTENSION, LISTENER, type Resource, ROUTE, SECRET } from "../xds/index.ts";
import { envoyRegistry } from "../xds/registry.ts";

const SECTIONS = [
  { name: "clusters", typeUrl: CLUSTER, schema: ClusterSchema },
  { name: "endpoints", typeUrl: ENDPOINT, schema: ClusterLoadAssignmentSchema },
  { name: "listeners", typeUrl: LISTENER, schema: ListenerSchema },
  { name: "routes", typeUrl: ROUTE, schema: RouteConfigurationSchema },
  { name: "extensions", typeUrl: EXTENSION, schema: TypedExtensionConfigSchema },
] as const;

/** `{clusters, endpoints, listeners, routes, extensions, secrets}`; of secrets only the names. */
export function renderResources(resources: Iterable<Resource>): Record<string, JsonValue[]> {
  const byType = Map.groupBy(resources, ({ typeUrl }) => typeUrl);
  const rendered: Record<string, JsonValue[]> = {};
  for (const { name, typeUrl, schema } of SECTIONS) {
    rendered[name] = (byType.get(typeUrl) ?? []).map(({ bytes }) =>
      toJson(schema, fromBinary(schema, bytes), { registry: envoyRegistry, useProtoFieldName: true }),
    );
  }
  rendered["secrets"] = (byType.get(SECRET) ?? []).map(({ name }) => ({ name, content: "[redacted]" }));
  return rendered;
}
