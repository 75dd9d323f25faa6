/** The settings of `heddle serve`, from flags and `HEDDLE_*` variables. */
import { isIP } from "node:net";
import { z } from "zod";
import { LOG_LEVELS } from "../telemetry/logger.ts";

/** `127.0.0.1:18000`, `[::1]:18000` or `localhost:18000`. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Undefined when the text is no address with a port; port 0 means "any free one". */
export function parseHostPort(text: string): HostPort | undefined {
  const [, bracketed, bare, digits = ""] = /^(?:\[([^\]]+)\]|([^:]+)):([0-9]{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? bare;
  const port = Number(digits);
  if (host === undefined || port > 65_535 || (bracketed !== undefined && isIP(bracketed) !== 6)) return undefined;
  return { host, port };
}

/** The text form of an address, with brackets around IPv6. */
export function formatHostPort({ host, port }: HostPort): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

const hostPort = z.string().transform((text, context) => {
  const parsed = parseHostPort(text);
  if (!parsed)
    context.addIssue({ code: "custom", message: `${JSON.stringify(text)} must be HOST:PORT, such as 127.0.0.1:18000` });
  return parsed ?? z.NEVER;
});

const source = z.string().transform((text, context) => {
  if (text === "kubernetes") return { kind: "kubernetes" as const };
  if (!text.startsWith("dir:") || text.length === 4) {
    const message = `${JSON.stringify(text)} must be kubernetes, or dir:PATH for a folder of manifests`;
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  }
  return { kind: "directory" as const, path: text.slice(4) };
});

const name = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, "must be a name of lower-case letters, digits, '-' and '.'");

/** Settings that only mean something in a cluster. */
const inCluster = {
  kubeconfig: z.string().min(1).optional(),
  context: z.string().min(1).optional(),
  /** Namespace of the control plane itself. */
  namespace: name.default("heddle-system"),
  /** Own pod. */
  replica: name.default("heddle-0"),
  /** Service of the control plane; certificates and objects are named after it. */
  service: name.default("heddle"),
  /** Health and metrics for the kubelet and Prometheus; absent: only the admin interface has them. */
  healthAddress: hostPort.optional(),
  webhookAddress: hostPort.default({ host: "127.0.0.1", port: 18_443 }),
  tlsDir: z.string().min(1).optional(),
  injectorConfig: z.string().min(1).optional(),
  webhookConfiguration: name.optional(),
};

export const configSchema = z.strictObject({
  source,
  xdsAddress: hostPort.default({ host: "127.0.0.1", port: 18_000 }),
  adminAddress: hostPort.default({ host: "127.0.0.1", port: 18_001 }),
  clusterDomain: z
    .string()
    .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, "must be a DNS name such as cluster.local")
    .default("cluster.local"),
  outboundPolicy: z.enum(["allow-any", "registry-only"]).default("allow-any"),
  logLevel: z.enum(LOG_LEVELS).default("info"),
  ...inCluster,
});

export type Config = z.output<typeof configSchema>;
