/** `discovery.k8s.io/v1 EndpointSlice`, reduced to what the mesh needs. */
import { z } from "zod";
import { ipAddress } from "./ip-address.ts";
import { dnsSubdomain, objectMeta, type ObjectMeta } from "./object-meta.ts";
import { portNumber } from "./service.ts";

/** The label by which a slice names its Service. */
export const SERVICE_NAME_LABEL = "kubernetes.io/service-name";

export interface EndpointSliceObject {
  readonly kind: "EndpointSlice";
  readonly meta: ObjectMeta;
  readonly addressType: "IPv4" | "IPv6" | "FQDN";
  /** Only those with a number: one without it stands for all ports, which no proxy can be told. */
  readonly ports: readonly { readonly name: string; readonly port: number }[];
  readonly endpoints: readonly SliceEndpoint[];
}

export interface SliceEndpoint {
  /** The first one: Kubernetes gives further ones no meaning. */
  readonly address: string;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly zone: string;
  readonly node: string;
  /** Name of the pod in the slice's namespace; "" where the target is no pod. */
  readonly pod: string;
}

const endpoint = z
  .object({
    addresses: z.array(z.string().min(1).max(253)).min(1).max(100),
    conditions: z
      .object({ ready: z.boolean().optional(), serving: z.boolean().optional(), terminating: z.boolean().optional() })
      .optional(),
    zone: z.string().max(253).optional(),
    nodeName: z.string().max(253).optional(),
    targetRef: z.object({ kind: z.string().optional(), name: z.string().optional() }).optional(),
  })
  .transform((e) => {
    // An absent condition means ready; an absent `serving` means the same as `ready`.
    const ready = e.conditions?.ready ?? true;
    return {
      address: e.addresses[0]!,
      ready,
      serving: e.conditions?.serving ?? ready,
      terminating: e.conditions?.terminating ?? false,
      zone: e.zone ?? "",
      node: e.nodeName ?? "",
      pod: e.targetRef?.kind === "Pod" ? (e.targetRef.name ?? "") : "",
    };
  });

export const endpointSliceObject: z.ZodType<EndpointSliceObject> = z
  .object({
    metadata: objectMeta(dnsSubdomain, "namespaced"),
    addressType: z.enum(["IPv4", "IPv6", "FQDN"]).default("IPv4"),
    ports: z
      .array(z.object({ name: z.string().max(63).optional(), port: portNumber.optional() }))
      .max(1000)
      .optional(),
    endpoints: z.array(endpoint).max(1000).optional(),
  })
  .superRefine((slice, context) => {
    if (slice.addressType === "FQDN") return;
    for (const [index, { address }] of (slice.endpoints ?? []).entries()) {
      if (ipAddress.safeParse(address).success) continue;
      const message = `must be an IP address, since addressType is ${slice.addressType}, not ${JSON.stringify(address)}`;
      context.addIssue({ code: "custom", path: ["endpoints", index, "addresses", 0], message });
    }
  })
  .transform(({ metadata, addressType, ports, endpoints }) => ({
    kind: "EndpointSlice" as const,
    meta: metadata,
    addressType,
    ports: (ports ?? []).flatMap(({ name, port }) => (port === undefined ? [] : [{ name: name ?? "", port }])),
    endpoints: endpoints ?? [],
  }));
