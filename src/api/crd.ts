/** The CustomResourceDefinitions, made from the schemas. */
import { z } from "zod";
import { externalServiceSpec } from "./external-service.ts";
import { trafficPolicySpec } from "./traffic-policy.ts";

type Json = Readonly<Record<string, unknown>>;

const CONDITION: Json = {
  type: "object",
  required: ["type", "status", "reason", "message", "lastTransitionTime"],
  properties: {
    type: { type: "string", maxLength: 316 },
    status: { type: "string", enum: ["True", "False", "Unknown"] },
    reason: { type: "string", minLength: 1, maxLength: 1024 },
    message: { type: "string", maxLength: 32768 },
    observedGeneration: { type: "integer", format: "int64", minimum: 0 },
    lastTransitionTime: { type: "string", format: "date-time" },
  },
};

const proxyCount = (description: string): Json => ({ type: "integer", format: "int64", minimum: 0, description });

const STATUS: Json = {
  type: "object",
  description: "Written by Heddle.",
  properties: {
    observedGeneration: { type: "integer", format: "int64", description: "The generation that the status speaks of." },
    conditions: {
      type: "array",
      maxItems: 8,
      items: CONDITION,
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["type"],
    },
    proxies: {
      type: "object",
      properties: {
        matched: proxyCount("Sidecars that the policy concerns."),
        synced: proxyCount("Of these, those that have accepted this generation."),
        stale: proxyCount("Of these, those that have not answered yet."),
        rejected: proxyCount("Of these, those that have refused it."),
        summary: { type: "string", maxLength: 64, description: "`synced/matched`." },
      },
    },
    rejections: {
      type: "array",
      maxItems: 5,
      description: "Some of the sidecars that refuse the policy, and why.",
      items: {
        type: "object",
        required: ["proxy", "reason"],
        properties: { proxy: { type: "string", maxLength: 512 }, reason: { type: "string", maxLength: 1024 } },
      },
    },
  },
};

const condition = (type: string): string => `.status.conditions[?(@.type=="${type}")].status`;

const COLUMNS: readonly Json[] = [
  { name: "Accepted", type: "string", jsonPath: condition("Accepted") },
  { name: "Programmed", type: "string", jsonPath: condition("Programmed") },
  { name: "Proxies", type: "string", jsonPath: ".status.proxies.summary" },
  { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  { name: "Target", type: "string", jsonPath: ".spec.targetRefs[*].name", priority: 1 },
  { name: "Rejected", type: "integer", jsonPath: ".status.proxies.rejected", priority: 1 },
];

/** The whole CustomResourceDefinition as a value to write as YAML. */
export function trafficPolicyCrd(): Json {
  return crd({
    names: { kind: "TrafficPolicy", plural: "trafficpolicies", shortNames: ["tp"] },
    description:
      "What a platform engineer says of the traffic to Services: routes, retries, load balancing and limits.",
    spec: trafficPolicySpec,
    columns: COLUMNS,
    status: STATUS,
  });
}

export function externalServiceCrd(): Json {
  return crd({
    names: { kind: "ExternalService", plural: "externalservices", shortNames: ["xs"] },
    description: "Hosts outside of the mesh, so that calls to them have policies like calls within it.",
    spec: externalServiceSpec,
    columns: [
      { name: "Hosts", type: "string", jsonPath: ".spec.hosts" },
      { name: "Resolution", type: "string", jsonPath: ".spec.resolution" },
      { name: "TLS", type: "string", jsonPath: ".spec.tls.mode" },
      { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
    ],
  });
}

interface Definition {
  readonly names: { readonly kind: string; readonly plural: string; readonly shortNames: readonly string[] };
  readonly description: string;
  readonly spec: z.ZodType;
  readonly columns: readonly Json[];
  readonly status?: Json;
}

function crd({ names, description, spec, columns, status }: Definition): Json {
  const { kind, plural, shortNames } = names;
  const schema: Json = {
    type: "object",
    description,
    required: ["spec"],
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { type: "object" },
      spec: structural(z.toJSONSchema(spec, { io: "input", target: "openapi-3.0" })),
      ...(status && { status }),
    },
  };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.heddle.dev`, labels: { "app.kubernetes.io/part-of": "heddle" } },
    spec: {
      group: "heddle.dev",
      scope: "Namespaced",
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames: [...shortNames],
        categories: ["heddle"],
      },
      versions: [
        {
          name: "v1alpha1",
          served: true,
          storage: true,
          ...(status && { subresources: { status: {} } }),
          additionalPrinterColumns: columns,
          schema: { openAPIV3Schema: schema },
        },
      ],
    },
  };
}

/**
 * A JSON schema as Kubernetes takes it (a "structural" one): unknown fields are pruned rather than forbidden, and integers
 * have a format.
 */
function structural(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(structural);
  if (value === null || typeof value !== "object") return value;
  const kept = Object.entries(value)
    .filter(([key, field]) => !(key === "additionalProperties" && field === false))
    .map(([key, field]) => [key, structural(field)]);
  const schema: Json = Object.fromEntries(kept);
  return schema["type"] === "integer" ? { ...schema, format: "int64" } : schema;
}
