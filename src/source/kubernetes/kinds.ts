/** What is watched in a cluster, and where the API server has it. */
import type { ApiKind } from "../../api/parse-object.ts";

export const LIST_PATHS: Readonly<Record<ApiKind, string>> = {
  Service: "/api/v1/services",
  EndpointSlice: "/apis/discovery.k8s.io/v1/endpointslices",
  Pod: "/api/v1/pods",
  Namespace: "/api/v1/namespaces",
  Node: "/api/v1/nodes",
  TrafficPolicy: "/apis/heddle.dev/v1alpha1/trafficpolicies",
  ExternalService: "/apis/heddle.dev/v1alpha1/externalservices",
  HTTPRoute: "/apis/gateway.networking.k8s.io/v1/httproutes",
  GRPCRoute: "/apis/gateway.networking.k8s.io/v1/grpcroutes",
  ReferenceGrant: "/apis/gateway.networking.k8s.io/v1beta1/referencegrants",
};

/** Kinds that a cluster may do without, those of others and a newer one: as long as they are not installed, there are none. */
export const OPTIONAL_KINDS: ReadonlySet<ApiKind> = new Set<ApiKind>([
  "ExternalService",
  "HTTPRoute",
  "GRPCRoute",
  "ReferenceGrant",
]);

/** Why a list may be missing, as advice. */
export const LIST_HINTS: Partial<Readonly<Record<ApiKind, string>>> = {
  TrafficPolicy: "are the CRDs installed? helm install heddle-crds",
};
