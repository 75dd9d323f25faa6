/** The injector's settings: what new sidecars are like, where their pods do not say otherwise. */
import { z } from "zod";
import { exceeds, quantity } from "./quantity.ts";

export const port = z.int().min(1).max(65_535);
const ports = z.array(port).max(100).default([]);

/** IPv4: the capture rules know no other. */
export const cidr = z
  .string()
  .regex(
    /^((25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(25[0-5]|2[0-4]\d|1?\d?\d)(\/([0-9]|[12][0-9]|3[0-2]))?$/,
    "must be an IPv4 block such as 10.0.0.0/8",
  );
const cidrs = z.array(cidr).max(100).default([]);

export const LOG_LEVELS = ["trace", "debug", "info", "warning", "error", "critical", "off"] as const;
const resources = z.strictObject({ cpu: quantity.optional(), memory: quantity.optional() });

function above(resource: "cpu" | "memory"): { path: string[]; message: string } {
  return { path: ["requests", resource], message: `must not be more than limits.${resource}` };
}

const proxy = z.strictObject({
  /** The stock Envoy. */
  image: z.string().min(1).max(512).default("envoyproxy/envoy:distroless-v1.40.0"),
  imagePullPolicy: z.enum(["Always", "IfNotPresent", "Never"]).default("IfNotPresent"),
  /** No CPU limit by default: it would stretch the start, where Envoy needs a whole core for a moment. */
  resources: z
    .strictObject({
      requests: resources.default({ cpu: "10m", memory: "64Mi" }),
      limits: resources.default({ memory: "256Mi" }),
    })
    .refine(({ requests, limits }) => !exceeds(requests.cpu, limits.cpu), above("cpu"))
    .refine(({ requests, limits }) => !exceeds(requests.memory, limits.memory), above("memory"))
    .prefault({}),
  /** Worker threads. */
  concurrency: z.int().min(1).max(64).default(2),
  logLevel: z.enum(LOG_LEVELS).default("warning"),
});

const capture = z.strictObject({
  mode: z.enum(["transparent", "explicit"]).default("transparent"),
  /** Has a shell and `iptables-restore`: Heddle's own. */
  image: z.string().min(1).max(512).default("heddle"),
  imagePullPolicy: z.enum(["Always", "IfNotPresent", "Never"]).default("IfNotPresent"),
  /** Empty: all ports. */
  includeInboundPorts: ports,
  excludeInboundPorts: ports,
  /** Empty: all destinations. */
  includeOutboundCidrs: cidrs,
  excludeOutboundPorts: ports,
  excludeOutboundCidrs: cidrs,
});

export const injectorSettings = z.strictObject({
  proxy: proxy.prefault({}),
  capture: capture.prefault({}),
  /** `whenReady`: the application waits for accepted configuration. `always`: it starts also while the control plane is away. */
  startup: z.enum(["whenReady", "always"]).default("whenReady"),
  /**
   * Seconds that a container goes on serving after its pod is told to end, so that callers hear of it first; 0 for none.
   * It is cut to half the pod's terminationGracePeriodSeconds.
   */
  drainSeconds: z.int().min(0).max(600).default(5),
});

export type InjectorSettings = z.output<typeof injectorSettings>;
