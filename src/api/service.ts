/** `v1 Service`, reduced to what the mesh needs. */
import { z } from "zod";
import { ipAddress, type IpFamily } from "./ip-address.ts";
import { dnsLabel, dnsSubdomain, labels, objectMeta, type ObjectMeta } from "./object-meta.ts";
import { repeated, withRules } from "./rule.ts";

export interface ServiceObject {
  readonly kind: "Service";
  readonly meta: ObjectMeta;
  readonly type: "ClusterIP" | "Headless" | "ExternalName";
  /** Empty for Headless and ExternalName, and in manifests that leave the choice to the cluster. */
  readonly clusterIPs: readonly string[];
  /** In order of preference; empty where the manifest says nothing. */
  readonly ipFamilies: readonly IpFamily[];
  readonly externalName: string;
  readonly ports: readonly ServicePortObject[];
  readonly selector: Readonly<Record<string, string>>;
  readonly publishNotReadyAddresses: boolean;
  /** Which endpoints callers are to have first, by `trafficDistribution`. */
  readonly prefers: "any" | "zone" | "node";
  /** Callers are to have endpoints of their own node only, by `internalTrafficPolicy`. */
  readonly localOnly: boolean;
}

export interface ServicePortObject {
  readonly name: string;
  readonly port: number;
  readonly targetPort: number | string;
  readonly protocol: "TCP" | "UDP" | "SCTP";
  readonly appProtocol: string;
}

export const portNumber = z.int().min(1).max(65535);

const servicePort = z
  .object({
    name: dnsLabel.or(z.literal("")).optional(),
    port: portNumber,
    targetPort: z.union([portNumber, z.string().min(1).max(63)]).optional(),
    protocol: z.enum(["TCP", "UDP", "SCTP"]).default("TCP"),
    appProtocol: z.string().max(253).optional(),
  })
  .transform((p) => ({
    name: p.name ?? "",
    port: p.port,
    targetPort: p.targetPort ?? p.port,
    protocol: p.protocol,
    appProtocol: p.appProtocol ?? "",
  }));

const spec = withRules(
  z.object({
    type: z.enum(["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]).default("ClusterIP"),
    clusterIP: ipAddress.or(z.enum(["None", ""])).optional(),
    clusterIPs: z
      .array(ipAddress.or(z.literal("None")))
      .max(2)
      .optional(),
    ipFamilies: z
      .array(z.enum(["IPv4", "IPv6"]))
      .max(2)
      .optional(),
    externalName: z.string().max(253).optional(),
    ports: z.array(servicePort).max(1000).optional(),
    selector: labels.optional(),
    publishNotReadyAddresses: z.boolean().optional(),
    // Unknown words are those of a newer Kubernetes: none of them may cost the whole Service.
    trafficDistribution: z.string().max(253).optional(),
    internalTrafficPolicy: z.enum(["Cluster", "Local"]).optional().catch(undefined),
  }),
  [
    {
      code: "HED1105",
      message: "must have names of their own, since the service has several ports",
      check: ({ ports = [] }) =>
        ports.length < 2
          ? []
          : [
              ...ports.flatMap((port, i) =>
                port.name === "" ? [{ path: ["ports", i, "name"], detail: "this one has none" }] : [],
              ),
              ...repeated(ports, (port) => port.name || undefined).map((i) => ({ path: ["ports", i, "name"] })),
            ],
    },
    {
      code: "HED1105",
      message: "must not repeat another port's number",
      check: ({ ports = [] }) =>
        repeated(ports, (port) => `${port.protocol}/${port.port}`).map((i) => ({ path: ["ports", i, "port"] })),
    },
    {
      code: "HED1105",
      message: "must be a DNS name such as db.example.com, since the type is ExternalName",
      check: ({ type, externalName }) => {
        if (type !== "ExternalName") return [];
        const name = externalName?.replace(/\.$/, "");
        return dnsSubdomain.safeParse(name).success ? [] : [{ path: ["externalName"] }];
      },
    },
  ],
);

/** What `trafficDistribution` asks for; PreferClose is the older name of PreferSameZone. */
const PREFERENCES: Readonly<Record<string, ServiceObject["prefers"]>> = {
  PreferClose: "zone",
  PreferSameZone: "zone",
  PreferSameNode: "node",
};

export const serviceObject: z.ZodType<ServiceObject> = z
  .object({ metadata: objectMeta(dnsLabel, "namespaced"), spec: spec.default({ type: "ClusterIP" }) })
  .transform(({ metadata, spec: s }) => {
    const ips = s.clusterIPs ?? (s.clusterIP ? [s.clusterIP] : []);
    const headless = s.clusterIP === "None" || ips.includes("None");
    const type = s.type === "ExternalName" ? "ExternalName" : headless ? "Headless" : "ClusterIP";
    return {
      kind: "Service" as const,
      meta: metadata,
      type,
      clusterIPs: type === "ClusterIP" ? ips : [],
      ipFamilies: s.ipFamilies ?? [],
      externalName: type === "ExternalName" ? (s.externalName ?? "").replace(/\.$/, "") : "",
      ports: s.ports ?? [],
      selector: s.selector ?? {},
      publishNotReadyAddresses: s.publishNotReadyAddresses ?? false,
      prefers: PREFERENCES[s.trafficDistribution ?? ""] ?? "any",
      localOnly: s.internalTrafficPolicy === "Local",
    };
  });
