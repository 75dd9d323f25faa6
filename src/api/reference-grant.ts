/** `ReferenceGrant` of the Gateway API: who may refer to objects of its namespace from another one. */
import { z } from "zod";
import { dnsLabel, dnsSubdomain, objectMeta, type ObjectMeta } from "./object-meta.ts";

const group = z.string().max(253);
const kind = z.string().min(1).max(63);

const spec = z.object({
  from: z
    .array(z.object({ group, kind, namespace: dnsLabel }))
    .min(1)
    .max(16),
  to: z
    .array(z.object({ group, kind, name: z.string().min(1).max(253).optional() }))
    .min(1)
    .max(16),
});

export interface ReferenceGrantObject {
  readonly kind: "ReferenceGrant";
  readonly meta: ObjectMeta;
  readonly spec: ReferenceGrantSpec;
}

export const referenceGrantObject: z.ZodType<ReferenceGrantObject> = z
  .object({ metadata: objectMeta(dnsSubdomain, "namespaced"), spec })
  .transform((object) => ({ kind: "ReferenceGrant" as const, meta: object.metadata, spec: object.spec }));

export type ReferenceGrantSpec = z.output<typeof spec>;
