/** Mistakes that show when the configuration of one sidecar is made. */
import type { MistakeCase } from "./case.ts";

function pod(annotations: string): string {
  return `
apiVersion: v1
kind: Pod
metadata:
  name: cart
  namespace: shop
  labels: { app: cart }
  annotations: { ${annotations} }
spec: { containers: [{ name: app, ports: [{ containerPort: 9004, protocol: UDP }] }] }
status: { podIP: 10.1.0.20 }`;
}

function service(name: string, fields: string, meta = ""): string {
  return `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop${meta} }
spec: { ${fields} }`;
}

const SERVING = 'heddle.dev/capture: explicit, heddle.dev/inbound-ports: "8080:9001"';
const OLD = ', creationTimestamp: "2026-01-01T00:00:00Z"';
const YOUNG = ', creationTimestamp: "2026-02-01T00:00:00Z"';

export const SIDECAR_CASES: readonly MistakeCase[] = [
  {
    code: "HED2101",
    means: "What was meant is not clear, and the pod is treated as if the annotation were not there.",
    wrong: pod("heddle.dev/capture: sometimes"),
    right: pod("heddle.dev/capture: transparent"),
  },
  {
    code: "HED2102",
    means: "An address or a name means two services. Requests for it go to the older one.",
    wrong: service("front", "clusterIP: 10.96.0.1, ports: [{ name: http, port: 80 }]", YOUNG),
    right: service("front", "clusterIP: 10.96.0.99, ports: [{ name: http, port: 80 }]", YOUNG),
  },
  {
    code: "HED2103",
    means: "Both lead to one port of a pod, and say different things of the bytes there. The older one is believed.",
    wrong: service(
      "young",
      "clusterIP: 10.96.0.9, selector: { app: cart }, ports: [{ name: tcp, port: 81, targetPort: 8080 }]",
      YOUNG,
    ),
    right: service(
      "young",
      "clusterIP: 10.96.0.9, selector: { app: cart }, ports: [{ name: http, port: 81, targetPort: 8080 }]",
      YOUNG,
    ),
    beside: `${service("old", "clusterIP: 10.96.0.8, selector: { app: cart }, ports: [{ name: http, port: 80, targetPort: 8080 }]", OLD)}
---${pod('note: "none"')}`,
  },
  {
    code: "HED2104",
    alone: true,
    means:
      "The sidecar of this pod listens on loopback, where each port is one service's only. The younger one is not reached.",
    wrong: service("ledger", "clusterIP: 10.96.0.9, ports: [{ name: tcp-pg, port: 5432 }]", YOUNG),
    right: service("ledger", "clusterIP: 10.96.0.9, ports: [{ name: tcp-pg, port: 5442 }]", YOUNG),
    beside: `${pod("heddle.dev/capture: explicit")}
---${service("other", "clusterIP: 10.96.0.8, ports: [{ name: tcp-pg, port: 5432 }]", OLD)}`,
  },
  {
    code: "HED2105",
    alone: true,
    means: "The pod has no address yet. Its sidecar gets everything but the ports that it is to serve.",
    wrong: pod(SERVING).replace("status: { podIP: 10.1.0.20 }", "status: {}"),
    right: pod(SERVING),
  },
  {
    code: "HED2106",
    means:
      "Two listeners of a sidecar would have one address. The first one has it, and the other port is not reached.",
    wrong: service("front", "clusterIP: 10.96.0.9, ports: [{ name: http, port: 15001 }]"),
    right: service("front", "clusterIP: 10.96.0.9, ports: [{ name: http, port: 15000 }]"),
  },
  {
    code: "HED2107",
    means: "What is captured comes in by this port: an application that listens on it would be asked in a circle.",
    wrong: service(
      "front",
      "clusterIP: 10.96.0.9, selector: { app: web }, ports: [{ name: http, port: 80, targetPort: 15006 }]",
    ),
    right: service(
      "front",
      "clusterIP: 10.96.0.9, selector: { app: web }, ports: [{ name: http, port: 80, targetPort: 15007 }]",
    ),
  },
  {
    code: "HED2108",
    alone: true,
    means: "The port is opened for one UDP port of one service, which is not there.",
    wrong: pod('heddle.dev/capture: explicit, heddle.dev/outbound-udp-ports: "9002:game:80"'),
    right: pod('heddle.dev/capture: explicit, heddle.dev/outbound-udp-ports: "9002:game:7777"'),
    beside: service("game", "clusterIP: 10.96.0.8, ports: [{ name: udp, port: 7777, protocol: UDP }]"),
  },
  {
    code: "HED2109",
    alone: true,
    means: "The pod's own application has the port, and the sidecar leaves it alone.",
    wrong: pod('heddle.dev/capture: explicit, heddle.dev/outbound-udp-ports: "9004:game:7777"'),
    right: pod('heddle.dev/capture: explicit, heddle.dev/outbound-udp-ports: "9005:game:7777"'),
    beside: `${service("game", "clusterIP: 10.96.0.8, ports: [{ name: udp, port: 7777, protocol: UDP }]")}
---${service("own", "clusterIP: 10.96.0.7, selector: { app: cart }, ports: [{ name: udp, port: 9004, protocol: UDP }]")}`,
  },
];
