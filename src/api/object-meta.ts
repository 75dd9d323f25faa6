/** `metadata` of every object, reduced to what Heddle reads. */
import { z } from "zod";

/** Metadata with defaults applied. */
export interface ObjectMeta {
  readonly name: string;
  /** "" for kinds without a namespace. */
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch; 0 where unknown. */
  readonly createdAt: number;
  readonly generation: number;
  /** It is being deleted. */
  readonly deleting: boolean;
}

export const dnsLabel = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, "must be a DNS label: lower-case letters, digits and '-'");

export const dnsSubdomain = z
  .string()
  .min(1)
  .max(253)
  .regex(
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
    "must be a DNS name: lower-case letters, digits, '-' and '.'",
  );

export const labelKey = z
  .string()
  .min(1)
  .max(317)
  .regex(
    /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/,
    "must be a label key such as app or app.kubernetes.io/name",
  );

export const labelValue = z
  .string()
  .max(63)
  .regex(
    /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/,
    "must be a label value: letters, digits, '-', '_' and '.', up to 63",
  );

export const labels = z.record(labelKey, labelValue);

const timestamp = z
  .string()
  .refine((text) => !Number.isNaN(Date.parse(text)), "must be a time such as 2026-01-31T12:00:00Z")
  .transform((text) => Date.parse(text));

/** The schema of `metadata` for a kind: how its names look, and whether it has a namespace. */
export function objectMeta(name: z.ZodType<string>, scope: "namespaced" | "cluster"): z.ZodType<ObjectMeta> {
  return z
    .object({
      name,
      namespace: dnsLabel.optional(),
      labels: labels.optional(),
      annotations: z.record(z.string(), z.string()).optional(),
      creationTimestamp: timestamp.optional(),
      deletionTimestamp: timestamp.optional(),
      generation: z.int().min(0).optional(),
    })
    .transform((meta) => ({
      name: meta.name,
      namespace: scope === "cluster" ? "" : (meta.namespace ?? "default"),
      labels: meta.labels ?? {},
      annotations: meta.annotations ?? {},
      createdAt: meta.creationTimestamp ?? 0,
      generation: meta.generation ?? 1,
      deleting: meta.deletionTimestamp !== undefined,
    }));
}
