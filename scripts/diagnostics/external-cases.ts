import type { MistakeCase } from "./case.ts";

function external(spec: string, name = "payments"): string {
  return `
apiVersion: heddle.dev/v1alpha1
kind: ExternalService
metadata: { name: ${name}, namespace: shop }
spec:
  ${spec.replaceAll("\n", "\n  ")}`;
}

/** Hosts outside of the mesh. */
export const EXTERNAL_CASES: readonly MistakeCase[] = [
  {
    code: "HED1240",
    means: "Static says that the addresses are listed, and a name is none: nobody resolves it.",
    wrong: external(`hosts: [api.payments.example]
resolution: Static
endpoints: [edge.payments.example]
ports: [{ port: 80 }]`),
    right: external(`hosts: [api.payments.example]
resolution: Static
endpoints: [192.0.2.7]
ports: [{ port: 80 }]`),
  },
  {
    code: "HED1241",
    means:
      "One name server question has one name in it: which of several hosts is meant, or which of all below a domain, nobody can say.",
    wrong: external(`hosts: ["*.payments.example"]
ports: [{ port: 443, protocol: TLS }]`),
    right: external(`hosts: ["*.payments.example"]
endpoints: [edge.payments.example]
ports: [{ port: 443, protocol: TLS }]`),
  },
  {
    code: "HED1242",
    means: "A port number can mean one thing only.",
    wrong: external(`hosts: [api.payments.example]
ports: [{ port: 443, protocol: TLS }, { port: 443, protocol: TCP }]`),
    right: external(`hosts: [api.payments.example]
ports: [{ port: 443, protocol: TLS }, { port: 5432, protocol: TCP }]`),
  },
  {
    code: "HED1243",
    means:
      "The sidecar speaks TLS for requests. Connections of other protocols it passes on as they are, so that the setting has no effect.",
    wrong: external(`hosts: [api.payments.example]
ports: [{ port: 443, protocol: TLS }]
tls: { mode: Originate }`),
    right: external(`hosts: [api.payments.example]
ports: [{ port: 80, targetPort: 443 }]
tls: { mode: Originate }`),
  },
  {
    code: "HED1244",
    means: "An Envoy refuses the whole cluster for it, and would keep what it had before.",
    wrong: external(`hosts: [api.payments.example]
ports: [{ port: 80, targetPort: 443 }]
tls: { mode: Originate, caCertificate: "-----BEGIN CERTIFICATE-----" }`),
    right: external(`hosts: [api.payments.example]
ports: [{ port: 80, targetPort: 443 }]
tls: { mode: Originate }`),
  },
  {
    code: "HED1330",
    means: "Calls to the host go to the older one of the two, and the newer one's policy is for nothing.",
    beside: external("hosts: [api.payments.example]\nports: [{ port: 80 }]", "a-payments"),
    wrong: external("hosts: [api.payments.example]\nports: [{ port: 80 }]"),
    right: external("hosts: [api.payments.example]\nports: [{ port: 8080 }]"),
  },
];
