/** `v1 Pod`, reduced to what the mesh needs. */
import { z } from "zod";
import { ipAddress } from "./ip-address.ts";
import { dnsSubdomain, objectMeta, type ObjectMeta } from "./object-meta.ts";
import { portNumber } from "./service.ts";

export interface PodObject {
  readonly kind: "Pod";
  readonly meta: ObjectMeta;
  readonly node: string;
  readonly serviceAccount: string;
  /** It shares its node's address, so that the address does not tell which pod is meant. */
  readonly hostNetwork: boolean;
  /** Primary address first. */
  readonly addresses: readonly string[];
  readonly ports: readonly { readonly name: string; readonly port: number; readonly protocol: string }[];
  /** Succeeded or failed: it serves nothing, and its address may belong to another pod by now. */
  readonly finished: boolean;
  /** By its Ready condition; true where it has none, as in a plain manifest. */
  readonly ready: boolean;
}

const container = z.object({
  restartPolicy: z.string().optional(),
  ports: z
    .array(
      z.object({ name: z.string().max(63).optional(), containerPort: portNumber, protocol: z.string().optional() }),
    )
    .max(1000)
    .optional(),
});

const status = z.object({
  phase: z.string().optional(),
  podIP: ipAddress.or(z.literal("")).optional(),
  podIPs: z
    .array(z.object({ ip: ipAddress }))
    .max(16)
    .optional(),
  conditions: z
    .array(z.object({ type: z.string(), status: z.string() }))
    .max(100)
    .optional(),
});

export const podObject: z.ZodType<PodObject> = z
  .object({
    metadata: objectMeta(dnsSubdomain, "namespaced"),
    spec: z
      .object({
        nodeName: z.string().max(253).optional(),
        serviceAccountName: z.string().max(253).optional(),
        hostNetwork: z.boolean().optional(),
        containers: z.array(container).max(1000).optional(),
        initContainers: z.array(container).max(1000).optional(),
      })
      .default({}),
    status: status.default({}),
  })
  .transform(({ metadata, spec, status: s }) => {
    const sidecars = (spec.initContainers ?? []).filter((c) => c.restartPolicy === "Always");
    const ips = [...(s.podIP ? [s.podIP] : []), ...(s.podIPs ?? []).map(({ ip }) => ip)];
    const readiness = s.conditions?.find((c) => c.type === "Ready");
    return {
      kind: "Pod" as const,
      meta: metadata,
      node: spec.nodeName ?? "",
      serviceAccount: spec.serviceAccountName || "default",
      hostNetwork: spec.hostNetwork ?? false,
      addresses: [...new Set(ips)],
      ports: [...(spec.containers ?? []), ...sidecars]
        .flatMap((c) => c.ports ?? [])
        .map((p) => ({ name: p.name ?? "", port: p.containerPort, protocol: p.protocol ?? "TCP" })),
      finished: s.phase === "Succeeded" || s.phase === "Failed",
      ready: readiness === undefined || readiness.status === "True",
    };
  });
