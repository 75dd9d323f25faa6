/** The parts of a pod's JSON that injection reads and writes. What is not named here goes through untouched. */
import { z } from "zod";

const probe = z.looseObject({
  httpGet: z.looseObject({}).optional(),
  tcpSocket: z.looseObject({ port: z.union([z.int(), z.string()]), host: z.string().optional() }).optional(),
});
export type Probe = z.output<typeof probe>;

const container = z.looseObject({
  name: z.string(),
  restartPolicy: z.string().optional(),
  env: z.array(z.looseObject({ name: z.string() })).optional(),
  ports: z.array(z.looseObject({ name: z.string().optional(), containerPort: z.int() })).optional(),
  livenessProbe: probe.optional(),
  readinessProbe: probe.optional(),
  startupProbe: probe.optional(),
  lifecycle: z.looseObject({ preStop: z.unknown().optional() }).optional(),
});
export type Container = z.output<typeof container>;

const labels = z.record(z.string(), z.string());

const podJson = z.looseObject({
  metadata: z
    .looseObject({
      name: z.string().optional(),
      generateName: z.string().optional(),
      namespace: z.string().optional(),
      labels: labels.optional(),
      annotations: labels.optional(),
    })
    .optional(),
  spec: z.looseObject({
    hostNetwork: z.boolean().optional(),
    restartPolicy: z.string().optional(),
    containers: z.array(container),
    initContainers: z.array(container).optional(),
    volumes: z.array(z.looseObject({ name: z.string() })).optional(),
  }),
});

export type PodJson = z.input<typeof podJson>;

/** The very value, its fields in their order, once it is known to be a pod; else what is wrong with it. */
export function asPod(
  value: unknown,
): { readonly pod: PodJson } | { readonly pod?: undefined; readonly fault: string } {
  const parsed = podJson.safeParse(value);
  return parsed.success ? { pod: value as PodJson } : { fault: z.prettifyError(parsed.error) };
}
