/** `ExternalService`: hosts outside of the mesh, so that calls to them have policies like calls within it. */
import { X509Certificate } from "node:crypto";
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

const name = z
  .string()
  .min(1)
  .max(253)
  .regex(
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$/,
    "must be a host name such as api.example.com",
  );

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

/** Envoy refuses a whole cluster for a certificate that it cannot read. */
const readable: Rule<string> = {
  code: "HED1244",
  message: "must be certificates as PEM text, each from its BEGIN to its END line",
  check: (pem) => {
    const blocks = pem.split(/(?=-----BEGIN )/).filter((text) => text.trim() !== "");
    const bad = blocks.findIndex((text) => !isCertificate(text));
    return bad < 0 ? [] : [{ path: [], detail: `the ${bad + 1}. of ${blocks.length} cannot be read` }];
  },
};

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

const tls = z.strictObject({
  mode: z.literal("Originate").describe("Callers speak plaintext to their sidecar, and it speaks TLS to the host."),
  sni: name.optional().describe("The name that is asked for. Default: the host of the request."),
  caCertificate: withRules(z.string().min(1).max(65_536), [readable])
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
  cel:
    "self.resolution != 'Static' || " +
    "(has(self.endpoints) && self.endpoints.all(e, e.matches('^[0-9.]+$') || e.contains(':')))",
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

const hostsOnce: Rule<Fields> = {
  code: "HED1204",
  message: "must not have a host twice",
  cel: "self.hosts.all(h, self.hosts.exists_one(other, other == h))",
  check: ({ hosts }) => repeated(hosts, (text) => text).map((i) => ({ path: ["hosts", i] })),
};

const tlsOfHttp: Rule<Fields> = {
  code: "HED1243",
  message: "needs a port of HTTP, HTTP2 or GRPC: TLS on behalf of callers is for requests",
  cel: "!has(self.tls) || self.ports.exists(p, p.protocol in ['HTTP', 'HTTP2', 'GRPC'])",
  check: ({ tls: originated, ports }) =>
    originated && !ports.some(({ protocol }) => HTTP.has(protocol)) ? [{ path: ["tls"] }] : [],
};

export const externalServiceSpec = withRules(fields, [hostsOnce, staticAddresses, oneName, portsOnce, tlsOfHttp]);

export type ExternalServiceSpec = Fields;

export interface ExternalServiceObject {
  readonly kind: "ExternalService";
  readonly meta: ObjectMeta;
  readonly spec: ExternalServiceSpec;
}

export const externalServiceObject: z.ZodType<ExternalServiceObject> = z
  .object({ metadata: objectMeta(dnsLabel, "namespaced"), spec: externalServiceSpec })
  .transform((object) => ({ kind: "ExternalService" as const, meta: object.metadata, spec: object.spec }));
