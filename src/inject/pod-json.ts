/**
 * The parts of a pod's JSON that injection reads and writes. What is not named here goes through untouched. Any field may be null,
 * which Kubernetes takes for absent.
 */
import { z } from "zod";
import { diagnosticsOf } from "../api/issues.ts";
import type { Diagnostic, ObjectRef } from "../base/diagnostic.ts";

const probe = z.looseObject({
  httpGet: z.looseObject({}).nullish(),
  tcpSocket: z.looseObject({ port: z.union([z.int(), z.string()]), host: z.string().nullish() }).nullish(),
});
export type Probe = z.output<typeof probe>;

const container = z.looseObject({
  name: z.string(),
  restartPolicy: z.string().nullish(),
  env: z.array(z.looseObject({ name: z.string() })).nullish(),
  ports: z.array(z.looseObject({ name: z.string().nullish(), containerPort: z.int() })).nullish(),
  livenessProbe: probe.nullish(),
  readinessProbe: probe.nullish(),
  startupProbe: probe.nullish(),
  lifecycle: z.looseObject({ preStop: z.unknown() }).partial().nullish(),
});
export type Container = z.output<typeof container>;

const labels = z.record(z.string(), z.string());

const podJson = z.looseObject({
  metadata: z
    .looseObject({
      name: z.string().nullish(),
      generateName: z.string().nullish(),
      namespace: z.string().nullish(),
      labels: labels.nullish(),
      annotations: labels.nullish(),
    })
    .nullish(),
  spec: z.looseObject({
    hostNetwork: z.boolean().nullish(),
    restartPolicy: z.string().nullish(),
    terminationGracePeriodSeconds: z.int().nullish(),
    containers: z.array(container),
    initContainers: z.array(container).nullish(),
    volumes: z.array(z.looseObject({ name: z.string() })).nullish(),
  }),
});

export type PodJson = z.input<typeof podJson>;

/** The very value, its fields in their order, once it is known to be a pod; else what is wrong with it. */
export function asPod(
  value: unknown,
  ref: ObjectRef,
): { readonly pod: PodJson } | { readonly pod?: undefined; readonly diagnostics: readonly Diagnostic[] } {
  const parsed = podJson.safeParse(value, { reportInput: true });
  return parsed.success ? { pod: value as PodJson } : { diagnostics: diagnosticsOf(parsed.error, podJson, ref) };
}
