/** `ExternalService`: hosts outside of the mesh, so that calls to them have policies like calls within it. */
import { isIP } from "node:net";
import { z } from "zod";
import { dnsLabel, objectMeta, type ObjectMeta } from "./object-meta.ts";
import { repeated, withRules, type Rule } from "./rule.ts";
import { port } from "./scalar.ts";

export const EXTERNAL_PROTOCOLS = ["HTTP", "HTTP2", "GRPC", "TLS", "TCP"] as const;
const HTTP: ReadonlySet<string> = new Set(["HTTP", "HTTP2", "GRPC"]);

const HOST = /^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$/;
const host = z
  .string()
  .min(1)
  .max(253)
  .regex(HOST, "must be a host name such as api.example.com, or *.example.com for all below it");

const ADDRESS = /^([0-9a-f:.]*:[0-9a-f:.]*|[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)$/;
const address = z.string().min(1).max(253).regex(ADDRESS, "must be an IP address or a host name");

const servicePort = z.strictObject({
  port: port.describe("The port that callers use."),
  name: z.string().min(1).max(63).optional().describe("For people."),
  protocol: z
    .enum(EXTERNAL_PROTOCOLS)
    .default("HTTP")
    .describe("What callers speak. TLS is passed through, by the name that the client asks for (SNI)."),
  targetPort: port.optional().describe("The port of the endpoints. Default: `port`."),
});

const tls = z.strictObject({
  mode: z.literal("Originate").describe("Callers speak plaintext to their sidecar, and it speaks TLS to the host."),
  sni: host.optional().describe("The name that is asked for. Default: the host of the request."),
  caCertificate: z
    .string()
    .max(65_536)
    .regex(/^\s*-----BEGIN CERTIFICATE-----/, "must be certificates as PEM text")
    .optional()
    .describe("Who must have signed the host's certificate. Default: the authorities of the sidecar's image."),
  subjectAltNames: z
    .array(host)
    .min(1)
    .max(32)
    .optional()
    .describe("Names of which the host's certificate must have one. Default: the host of the request."),
});

const fields = z.strictObject({
  hosts: z.array(host).min(1).max(32).describe("Names by which callers call it."),
  ports: z.array(servicePort).min(1).max(16).describe("Ports that callers use."),
  resolution: z
    .enum(["DNS", "Static"])
    .default("DNS")
    .describe("How the sidecar finds its addresses: by name, or as `endpoints` lists them."),
  endpoints: z
    .array(address)
    .min(1)
    .max(64)
    .optional()
    .describe("Addresses; with DNS also names. Default: the host, where there is one."),
  tls: tls.optional().describe("TLS on behalf of the callers, on the ports of HTTP."),
});

type Fields = z.output<typeof fields>;

const staticAddresses: Rule<Fields> = {
  code: "HED1240",
  message: "must list IP addresses, since resolution is Static",
  cel: "self.resolution != 'Static' || has(self.endpoints)",
  check: ({ resolution, endpoints = [] }) => {
    if (resolution !== "Static") return [];
    if (endpoints.length === 0) return [{ path: ["endpoints"] }];
    return endpoints.flatMap((text, i) =>
      isIP(text) === 0 ? [{ path: ["endpoints", i], detail: `"${text}" is none` }] : [],
    );
  },
};

const oneName: Rule<Fields> = {
  code: "HED1241",
  message:
    "must be one host without *, since DNS has nothing else to look up; list endpoints, or write an ExternalService a host",
  cel: "self.resolution != 'DNS' || has(self.endpoints) || (self.hosts.size() == 1 && !self.hosts[0].startsWith('*'))",
  check: ({ resolution, endpoints, hosts }) => {
    if (resolution !== "DNS" || endpoints) return [];
    return hosts.length === 1 && !hosts[0]!.startsWith("*") ? [] : [{ path: ["hosts"] }];
  },
};

const portsOnce: Rule<Fields> = {
  code: "HED1242",
  message: "must not repeat another port's number",
  cel: "self.ports.all(p, self.ports.exists_one(q, q.port == p.port))",
  check: ({ ports }) => repeated(ports, (p) => String(p.port)).map((i) => ({ path: ["ports", i, "port"] })),
};

const tlsOfHttp: Rule<Fields> = {
  code: "HED1243",
  message: "needs a port of HTTP, HTTP2 or GRPC: TLS on behalf of callers is for requests",
  cel: "!has(self.tls) || self.ports.exists(p, p.protocol in ['HTTP', 'HTTP2', 'GRPC'])",
  check: ({ tls: originated, ports }) =>
    originated && !ports.some(({ protocol }) => HTTP.has(protocol)) ? [{ path: ["tls"] }] : [],
};

export const externalServiceSpec = withRules(fields, [staticAddresses, oneName, portsOnce, tlsOfHttp]);

export type ExternalServiceSpec = Fields;

export interface ExternalServiceObject {
  readonly kind: "ExternalService";
  readonly meta: ObjectMeta;
  readonly spec: ExternalServiceSpec;
}

export const externalServiceObject: z.ZodType<ExternalServiceObject> = z
  .object({ metadata: objectMeta(dnsLabel, "namespaced"), spec: externalServiceSpec })
  .transform((object) => ({ kind: "ExternalService" as const, meta: object.metadata, spec: object.spec }));
