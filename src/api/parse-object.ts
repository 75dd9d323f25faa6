/** The one way into the typed API: from a parsed YAML or JSON value to an object, or to what is wrong with it. */
import { z } from "zod";
import { diagnostic } from "../base/diagnostic-codes.ts";
import type { Diagnostic, ObjectRef } from "../base/diagnostic.ts";
import { namespaceObject, nodeObject, type NamespaceObject, type NodeObject } from "./cluster-scoped.ts";
import { endpointSliceObject, type EndpointSliceObject } from "./endpoint-slice.ts";
import { GATEWAY_API_VERSION, GATEWAY_GROUP } from "./gateway-reference.ts";
import { externalServiceObject, type ExternalServiceObject } from "./external-service.ts";
import { grpcRouteObject, type GrpcRouteObject } from "./grpc-route.ts";
import { httpRouteObject, type HttpRouteObject } from "./http-route.ts";
import { diagnosticsOf } from "./issues.ts";
import { podObject, type PodObject } from "./pod.ts";
import { referenceGrantObject, type ReferenceGrantObject } from "./reference-grant.ts";
import { serviceObject, type ServiceObject } from "./service.ts";
import { closest } from "./suggest.ts";
import { trafficPolicyObject, type TrafficPolicyObject } from "./traffic-policy.ts";
import { withoutNulls } from "./without-nulls.ts";

export type ApiObject =
  | ServiceObject
  | EndpointSliceObject
  | PodObject
  | NamespaceObject
  | NodeObject
  | TrafficPolicyObject
  | ExternalServiceObject
  | HttpRouteObject
  | GrpcRouteObject
  | ReferenceGrantObject;
export type ApiKind = ApiObject["kind"];

/** Group and version of each kind that Heddle reads. */
export const API_VERSIONS: Readonly<Record<ApiKind, string>> = {
  Service: "v1",
  EndpointSlice: "discovery.k8s.io/v1",
  Pod: "v1",
  Namespace: "v1",
  Node: "v1",
  TrafficPolicy: "heddle.dev/v1alpha1",
  ExternalService: "heddle.dev/v1alpha1",
  HTTPRoute: GATEWAY_API_VERSION,
  GRPCRoute: GATEWAY_API_VERSION,
  // The one that all releases of the Gateway API serve.
  ReferenceGrant: `${GATEWAY_GROUP}/v1beta1`,
};

/** Other versions in which files may have a kind: the fields are the same. */
const OTHER_VERSIONS: Readonly<Partial<Record<ApiKind, string>>> = {
  HTTPRoute: `${GATEWAY_GROUP}/v1beta1`,
  ReferenceGrant: GATEWAY_API_VERSION,
};

const SCHEMAS: Readonly<Record<ApiKind, z.ZodType<ApiObject>>> = {
  Service: serviceObject,
  EndpointSlice: endpointSliceObject,
  Pod: podObject,
  Namespace: namespaceObject,
  Node: nodeObject,
  TrafficPolicy: trafficPolicyObject,
  ExternalService: externalServiceObject,
  HTTPRoute: httpRouteObject,
  GRPCRoute: grpcRouteObject,
  ReferenceGrant: referenceGrantObject,
};

const CLUSTER_SCOPED: ReadonlySet<string> = new Set(["Namespace", "Node"]);
const HEDDLE_GROUP = "heddle.dev";
const OWN_KINDS: readonly string[] = ["TrafficPolicy", "ExternalService"];

export type ParseOutcome =
  | { readonly outcome: "object"; readonly object: ApiObject }
  /** A Kubernetes object of a kind that Heddle does not read. */
  | { readonly outcome: "ignored"; readonly apiVersion: string; readonly kind: string }
  /** `ref` where the object's identity could be read although the object is wrong. */
  | { readonly outcome: "invalid"; readonly ref?: ObjectRef; readonly diagnostics: readonly Diagnostic[] };

/** The identity of a parsed object. */
export function refOf(object: ApiObject): ObjectRef {
  return { kind: object.kind, namespace: object.meta.namespace, name: object.meta.name };
}

/** Validates one value as a Kubernetes object. Never throws; diagnostics carry no place. */
export function parseObject(value: unknown): ParseOutcome {
  const head = header.safeParse(withoutNulls(value));
  if (!head.success || head.data.apiVersion === undefined || head.data.kind === undefined) return notAnObject(value);
  const { apiVersion, kind } = head.data;
  const known = knownKind(apiVersion, kind);
  const ref = identity(known ?? kind, head.data.metadata);
  if (known === undefined) {
    const diagnostics = misspelled(apiVersion, kind, ref);
    if (diagnostics.length === 0) return { outcome: "ignored", apiVersion, kind };
    return { outcome: "invalid", ...(ref && { ref }), diagnostics };
  }
  const schema = SCHEMAS[known];
  const parsed = schema.safeParse(withoutNulls(value), { reportInput: true });
  if (parsed.success) return { outcome: "object", object: parsed.data };
  const named = ref ?? { kind: known, namespace: "", name: "(unnamed)" };
  return { outcome: "invalid", ...(ref && { ref }), diagnostics: diagnosticsOf(parsed.error, schema, named) };
}

const header = z.object({
  apiVersion: z.string().optional().catch(undefined),
  kind: z.string().optional().catch(undefined),
  metadata: z
    .object({ name: z.string().optional().catch(undefined), namespace: z.string().optional().catch(undefined) })
    .optional()
    .catch(undefined),
});

function knownKind(apiVersion: string, kind: string): ApiKind | undefined {
  if (!isKind(kind)) return undefined;
  return API_VERSIONS[kind] === apiVersion || OTHER_VERSIONS[kind] === apiVersion ? kind : undefined;
}

function isKind(kind: string): kind is ApiKind {
  return Object.hasOwn(API_VERSIONS, kind);
}

function identity(kind: string, metadata: z.output<typeof header>["metadata"]): ObjectRef | undefined {
  if (!metadata?.name) return undefined;
  return { kind, namespace: CLUSTER_SCOPED.has(kind) ? "" : (metadata.namespace ?? "default"), name: metadata.name };
}

function notAnObject(value: unknown): ParseOutcome {
  const isMap = value !== null && typeof value === "object" && !Array.isArray(value);
  const missing = ["apiVersion", "kind"].filter((key) => !isMap || !hasText(value, key));
  const message = isMap
    ? `is no Kubernetes object: ${missing.join(" and ")} must be given as text`
    : "is no Kubernetes object: it must be a mapping with apiVersion, kind and metadata";
  return { outcome: "invalid", diagnostics: [diagnostic("HED1006", { message })] };
}

function hasText(value: object, key: string): boolean {
  return Object.entries(value).some(([name, field]) => name === key && typeof field === "string");
}

/** Objects that look meant for Heddle but are not quite: of its group, or of a kind written in the wrong case. */
function misspelled(apiVersion: string, kind: string, ref: ObjectRef | undefined): readonly Diagnostic[] {
  const group = apiVersion.split("/")[0];
  if (group === HEDDLE_GROUP) {
    const own = `Heddle knows ${OWN_KINDS.join(" and ")} of ${API_VERSIONS.TrafficPolicy}`;
    const meant = closest(kind, OWN_KINDS);
    const [path, wrong] = OWN_KINDS.includes(kind) ? ["apiVersion", apiVersion] : ["kind", kind];
    const advice = meant !== undefined && meant !== kind ? `did you mean "${meant}"?` : own;
    return [diagnostic("HED1007", { ref, path, message: `"${wrong}" is not known; ${advice}` })];
  }
  const sameLetters = Object.keys(API_VERSIONS).find((known) => known.toLowerCase() === kind.toLowerCase());
  if (sameLetters === undefined || sameLetters === kind || !isKind(sameLetters)) return [];
  if (API_VERSIONS[sameLetters] !== apiVersion) return [];
  return [
    diagnostic("HED1007", { ref, path: "kind", message: `"${kind}" is not known; did you mean "${sameLetters}"?` }),
  ];
}
