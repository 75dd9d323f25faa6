/** Mistakes in an ExternalService's spec, each beside the nearest spec that is right. For files and for a cluster alike. */
import { CERTIFICATE } from "./test-certificate.ts";

export interface ExternalCase {
  readonly title: string;
  readonly wrong: object;
  /** What the diagnostics say. */
  readonly words: string;
  readonly right: object;
  /** What Kubernetes says by the schema alone, in words of its own. */
  readonly inItsOwnWords?: string;
  /** What the schema does not say: the cluster takes it, and Heddle says what is wrong. */
  readonly taken?: true;
}

const HTTP = { port: 80, protocol: "HTTP" };
const spec = (fields: object): object => ({ hosts: ["api.example"], ports: [HTTP], resolution: "DNS", ...fields });
const fixed = (fields: object): object => spec({ resolution: "Static", ...fields });
const tls = (fields: object): object => ({ tls: { mode: "Originate", ...fields } });

export const EXTERNAL_CASES: readonly ExternalCase[] = [
  {
    title: "host in upper case",
    wrong: spec({ hosts: ["API.example"] }),
    words: "HED1104 spec.hosts[0]: must be a host name such as api.example.com",
    right: spec({ hosts: ["api.example"] }),
    inItsOwnWords: "spec.hosts[0] in body should match",
  },
  {
    title: "host with a port",
    wrong: spec({ hosts: ["api.example:80"] }),
    words: "HED1104 spec.hosts[0]",
    right: spec({ hosts: ["api.example"] }),
    inItsOwnWords: "spec.hosts[0] in body should match",
  },
  {
    title: "wildcard inside of a name",
    wrong: fixed({ hosts: ["api.*.example"], endpoints: ["192.0.2.1"] }),
    words: "HED1104 spec.hosts[0]",
    right: fixed({ hosts: ["*.api.example"], endpoints: ["192.0.2.1"] }),
    inItsOwnWords: "spec.hosts[0] in body should match",
  },
  {
    title: "host twice",
    wrong: fixed({ hosts: ["a.example", "a.example"], endpoints: ["192.0.2.1"] }),
    words: "HED1204 spec.hosts[1]: must not have a host twice",
    right: fixed({ hosts: ["a.example", "*.a.example"], endpoints: ["192.0.2.1"] }),
  },
  {
    title: "no hosts",
    wrong: spec({ hosts: [] }),
    words: "HED1104 spec.hosts: must have at least 1 entry",
    right: spec({}),
    inItsOwnWords: "spec.hosts in body should have at least 1 items",
  },
  {
    title: "port twice",
    wrong: spec({ ports: [HTTP, { port: 80, protocol: "GRPC" }] }),
    words: "HED1242 spec.ports[1].port: must not repeat another port's number",
    right: spec({ ports: [HTTP, { port: 81, protocol: "GRPC" }] }),
  },
  {
    title: "unknown protocol",
    wrong: spec({ ports: [{ port: 80, protocol: "HTTPS" }] }),
    words: "HED1104 spec.ports[0].protocol",
    right: spec({ ports: [{ port: 443, protocol: "TLS" }] }),
    inItsOwnWords: 'spec.ports[0].protocol: Unsupported value: "HTTPS"',
  },
  {
    title: "fixed without endpoints",
    wrong: fixed({}),
    words: "HED1240 spec.endpoints: must list IP addresses, since resolution is Static",
    right: fixed({ endpoints: ["192.0.2.1", "2001:db8::1"] }),
  },
  {
    title: "fixed name",
    wrong: fixed({ endpoints: ["192.0.2.1", "db.example"] }),
    words: 'HED1240 spec.endpoints[1]: must list IP addresses, since resolution is Static; "db.example" is none',
    right: spec({ endpoints: ["db.example"] }),
  },
  {
    title: "no IPv4 address",
    wrong: fixed({ endpoints: ["192.0.2.256"] }),
    words: "HED1240 spec.endpoints[0]",
    taken: true,
    right: fixed({ endpoints: ["192.0.2.255"] }),
  },
  {
    title: "wildcard for DNS",
    wrong: spec({ hosts: ["*.api.example"] }),
    words: "HED1241 spec.hosts: must be one host without *",
    right: spec({ hosts: ["*.api.example"], endpoints: ["api.example"] }),
  },
  {
    title: "several hosts for DNS",
    wrong: spec({ hosts: ["a.example", "b.example"] }),
    words: "HED1241 spec.hosts: must be one host without *",
    right: spec({ hosts: ["a.example", "b.example"], endpoints: ["a.example"] }),
  },
  {
    title: "TLS within TLS",
    wrong: spec({ ports: [{ port: 443, protocol: "TLS" }], ...tls({}) }),
    words: "HED1243 spec.tls: needs a port of HTTP, HTTP2 or GRPC",
    right: spec({ ports: [{ port: 443, protocol: "TLS" }] }),
  },
  {
    title: "TLS of another sort",
    wrong: spec({ tls: { mode: "Mutual" } }),
    words: "HED1104 spec.tls.mode",
    right: spec(tls({ subjectAltNames: ["api.example"] })),
    inItsOwnWords: 'spec.tls.mode: Unsupported value: "Mutual"',
  },
  {
    title: "certificate that is none",
    wrong: spec(tls({ caCertificate: "secret" })),
    words: "HED1244 spec.tls.caCertificate: must be certificates as PEM text",
    right: spec(tls({ caCertificate: `${CERTIFICATE}${CERTIFICATE}` })),
    taken: true,
  },
  {
    title: "certificate that is cut off",
    wrong: spec(tls({ caCertificate: CERTIFICATE + CERTIFICATE.slice(0, 200) })),
    words:
      "HED1244 spec.tls.caCertificate: must be certificates as PEM text, each from its BEGIN to its END line; the 2. of 2 cannot be read",
    right: spec(tls({ caCertificate: CERTIFICATE })),
    taken: true,
  },
  {
    title: "unknown field",
    wrong: spec({ location: "outside" }),
    words: "HED1101 spec.location: is not a known field",
    right: spec({}),
    inItsOwnWords: 'unknown field "spec.location"',
  },
];

/** An ExternalService with a spec. */
export function externalService(body: object): Readonly<Record<string, unknown>> {
  return {
    apiVersion: "heddle.dev/v1alpha1",
    kind: "ExternalService",
    metadata: { name: "e", namespace: "default" },
    spec: body,
  };
}
