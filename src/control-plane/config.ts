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

const directory = z.string().transform((text, context) => {
  if (!text.startsWith("dir:") || text.length === 4) {
    context.addIssue({ code: "custom", message: `${JSON.stringify(text)} must be dir:PATH, a folder of manifests` });
    return z.NEVER;
  }
  return { kind: "directory" as const, path: text.slice(4) };
});

export const configSchema = z.strictObject({
  source: directory,
  xdsAddress: hostPort.default({ host: "127.0.0.1", port: 18_000 }),
  adminAddress: hostPort.default({ host: "127.0.0.1", port: 18_001 }),
  clusterDomain: z
    .string()
    .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, "must be a DNS name such as cluster.local")
    .default("cluster.local"),
  outboundPolicy: z.enum(["allow-any", "registry-only"]).default("allow-any"),
  logLevel: z.enum(LOG_LEVELS).default("info"),
});

export type Config = z.output<typeof configSchema>;
