import { create } from "@bufbuild/protobuf";
import { ClusterLoadAssignmentSchema } from "../gen/envoy/config/endpoint/v3/endpoint_pb.ts";
import { RouteConfigurationSchema } from "../gen/envoy/config/route/v3/route_pb.ts";
import { CLUSTER, encodeResource, ENDPOINT, type Missing, ROUTE } from "../xds/index.ts";

/**
 * What an Envoy that asks for something missing is told. It keeps warming for as long as endpoints or routes that it asked
 * for stay unanswered, and takes a removal for an answer only for other types.
 */
export function missingForEnvoy(typeUrl: string, name: string): Missing {
  if (typeUrl === ENDPOINT) {
    return encodeResource(
      ClusterLoadAssignmentSchema,
      create(ClusterLoadAssignmentSchema, { clusterName: name }),
      name,
    );
  }
  if (typeUrl === ROUTE) {
    return encodeResource(RouteConfigurationSchema, create(RouteConfigurationSchema, { name }), name);
  }
  // A cluster is asked for by name on demand only, and the answer is on its way: a removal would end the wait with an error.
  if (typeUrl === CLUSTER) return "silent";
  return "removed";
}
