/** `v1 Namespace` and `v1 Node`: of both only the labels matter. */
import { z } from "zod";
import { dnsLabel, dnsSubdomain, objectMeta, type ObjectMeta } from "./object-meta.ts";

export const ZONE_LABEL = "topology.kubernetes.io/zone";
export const REGION_LABEL = "topology.kubernetes.io/region";

export interface NamespaceObject {
  readonly kind: "Namespace";
  readonly meta: ObjectMeta;
}

export interface NodeObject {
  readonly kind: "Node";
  readonly meta: ObjectMeta;
}

export const namespaceObject: z.ZodType<NamespaceObject> = z
  .object({ metadata: objectMeta(dnsLabel, "cluster") })
  .transform(({ metadata }) => ({ kind: "Namespace" as const, meta: metadata }));

export const nodeObject: z.ZodType<NodeObject> = z
  .object({ metadata: objectMeta(dnsSubdomain, "cluster") })
  .transform(({ metadata }) => ({ kind: "Node" as const, meta: metadata }));
