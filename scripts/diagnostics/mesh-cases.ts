/** Mistakes that show beside Services and their endpoints. */
import type { MistakeCase } from "./case.ts";

const FIRST_POLICY = `
apiVersion: heddle.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: a-checkout, namespace: shop }
spec:
  targetRefs: [{ kind: Service, name: checkout }]
  connection: { connectTimeout: 1s }`;

/** A policy for Service shop/archive, which has nothing but TCP ports. */
function archive(spec: string): string {
  return `
apiVersion: heddle.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: archive, namespace: shop }
spec:
  targetRefs: [{ kind: Service, name: archive }]
  ${spec}`;
}

function local(spec: string): string {
  return archive(spec).replaceAll("archive", "near");
}

function servicePorts(ports: string): string {
  return `
apiVersion: v1
kind: Service
metadata: { name: front, namespace: shop }
spec:
  clusterIP: 10.96.0.9
  selector: { app: web }
  ports:
    ${ports}`;
}

function slice(fields: string): string {
  return `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: archive-1, namespace: shop, labels: { kubernetes.io/service-name: archive } }
${fields}`;
}

const BOTH = "ports: [{ name: tcp-pg, port: 5432 }, { name: tcp-new, port: 5433 }]";

export const MESH_CASES: readonly MistakeCase[] = [
  {
    code: "HED1301",
    means: "Policies are not merged: the oldest one of a Service is in force, and this one is not.",
    wrong: "connection: { connectTimeout: 2s }",
    right: `
apiVersion: heddle.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: reviews, namespace: shop }
spec:
  targetRefs: [{ kind: Service, name: reviews }]
  connection: { connectTimeout: 2s }`,
    beside: FIRST_POLICY,
  },
  {
    code: "HED1302",
    means: "A policy is for Services of its own namespace. There is none of this name.",
    wrong: `
apiVersion: heddle.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: checkout, namespace: shop }
spec:
  targetRefs: [{ kind: Service, name: chekcout }]
  connection: { connectTimeout: 2s }`,
    right: "connection: { connectTimeout: 2s }",
  },
  {
    code: "HED1304",
    means: "There is no Service of this name: requests sent there are answered with 503.",
    wrong: "routes: [{ split: [{ service: review, port: 80 }] }]",
    right: "routes: [{ split: [{ service: reviews, port: 80 }] }]",
  },
  {
    code: "HED1305",
    means: "The Service has no such port: requests sent there are answered with 503.",
    wrong: "routes: [{ split: [{ service: reviews, port: 8080 }] }]",
    right: "routes: [{ split: [{ service: reviews, port: 81 }] }]",
  },
  {
    code: "HED1306",
    means: "Subsets of another Service are those of the policy in force there, which has none of this name.",
    wrong: "routes: [{ split: [{ service: reviews, port: 80, subset: canary }] }]",
    right: "routes: [{ split: [{ service: reviews, port: 80 }] }]",
  },
  {
    code: "HED1309",
    means:
      "EndpointSlices and Services name ports alike. None of these names is one of the Service's, so nothing is reached.",
    wrong: slice("ports: [{ name: postgres, port: 5432 }]\nendpoints: [{ addresses: [10.1.0.5] }]"),
    right: slice(`${BOTH}\nendpoints: [{ addresses: [10.1.0.5] }]`),
  },
  {
    code: "HED1310",
    means: "Endpoints are addresses. Those of this slice are names, and are left out.",
    wrong: slice(`addressType: FQDN\n${BOTH}\nendpoints: [{ addresses: [db.example.com] }]`),
    right: slice(`addressType: IPv4\n${BOTH}\nendpoints: [{ addresses: [10.1.0.5] }]`),
  },
  {
    code: "HED1311",
    means: "One address is given with two numbers for one port, and only one of them is used.",
    wrong: `${slice(`${BOTH}\nendpoints: [{ addresses: [10.1.0.5] }]`)}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: archive-2, namespace: shop, labels: { kubernetes.io/service-name: archive } }
ports: [{ name: tcp-pg, port: 5555 }]
endpoints: [{ addresses: [10.1.0.5] }]`,
    right: `${slice(`${BOTH}\nendpoints: [{ addresses: [10.1.0.5] }]`)}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: archive-2, namespace: shop, labels: { kubernetes.io/service-name: archive } }
ports: [{ name: tcp-pg, port: 5555 }]
endpoints: [{ addresses: [10.1.0.15] }]`,
  },
  {
    code: "HED1312",
    means: "gRPC checks need HTTP/2, which this port does not speak: it goes without checks.",
    wrong: archive("healthCheck: { grpc: {}, interval: 30s }"),
    right: archive("healthCheck: { tcp: {}, interval: 30s }"),
  },
  {
    code: "HED1320",
    means: "The ports carry requests, and requests are divided by routes[].split.",
    wrong: `
apiVersion: heddle.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: reviews, namespace: shop }
spec:
  targetRefs: [{ kind: Service, name: reviews }]
  tcp: { split: [{ service: archive, port: 5432 }] }`,
    right: "tcp: { split: [{ service: archive, port: 5432 }] }",
  },
  {
    code: "HED1321",
    means: "Connections are divided over endpoints, and an ExternalName has none: its share goes to the others.",
    wrong: "tcp: { split: [{ service: archive, port: 5432, weight: 9 }, { service: outside, port: 5432, weight: 1 }] }",
    right: "tcp: { split: [{ service: archive, port: 5432, weight: 9 }, { service: archive, port: 5433, weight: 1 }] }",
    beside: `
apiVersion: v1
kind: Service
metadata: { name: outside, namespace: shop }
spec: { type: ExternalName, externalName: db.example.com, ports: [{ name: tcp-pg, port: 5432 }] }`,
  },
  {
    code: "HED1325",
    means: "Every sidecar asks every endpoint how it is, by port and subset. The sum of all is a load of its own.",
    wrong: "healthCheck: { http: { path: /healthz }, interval: 100ms, timeout: 100ms }",
    right: "healthCheck: { http: { path: /healthz }, interval: 5s }",
  },
  {
    code: "HED1326",
    means: "The Service that is to count requests is not there. Until it is, failureMode decides on all of them.",
    wrong: "routes: [{ rateLimit: { service: { name: limit, port: 8081, descriptors: [{ key: a, value: b }] } } }]",
    right: "routes: [{ rateLimit: { service: { name: limits, port: 8081, descriptors: [{ key: a, value: b }] } } }]",
  },
  {
    code: "HED1327",
    means: "Sidecars ask one rate-limit service, that of the oldest policy. What this route says is not counted.",
    wrong: `
apiVersion: heddle.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: reviews, namespace: shop }
spec:
  targetRefs: [{ kind: Service, name: reviews }]
  routes: [{ rateLimit: { service: { name: limits, port: 8082, descriptors: [{ key: a, value: b }] } } }]`,
    right: `
apiVersion: heddle.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: reviews, namespace: shop }
spec:
  targetRefs: [{ kind: Service, name: reviews }]
  routes: [{ rateLimit: { service: { name: limits, port: 8081, descriptors: [{ key: a, value: b }] } } }]`,
    beside: `
apiVersion: heddle.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: a-checkout, namespace: shop }
spec:
  targetRefs: [{ kind: Service, name: checkout }]
  routes: [{ rateLimit: { service: { name: limits, port: 8081, descriptors: [{ key: a, value: b }] } } }]`,
  },
  {
    code: "HED1352",
    means: "The Service's ports are TCP, TLS or UDP: the sidecar sees bytes, no requests, and the field does nothing.",
    wrong: archive("routes: [{ timeout: 5s }]"),
    right: archive("connection: { connectTimeout: 5s }"),
  },
  {
    code: "HED1353",
    means: "An endpoint that does not answer is noticed only when the request is over: no other one is tried.",
    wrong: `
connection: { connectTimeout: 5s }
routes: [{ timeout: 2s }]`,
    right: `
connection: { connectTimeout: 500ms }
routes: [{ timeout: 0s, match: [{ method: GET }] }, { timeout: 2s }]`,
  },
  {
    code: "HED1362",
    means: "At most maxEjectionPercent of the endpoints are out at once. Of so few that is less than one.",
    wrong: "outlierDetection: { consecutive5xx: 5, maxEjectionPercent: 30 }",
    right: "outlierDetection: { consecutive5xx: 5, maxEjectionPercent: 34 }",
  },
  {
    code: "HED1363",
    means: "Statistics need a number of endpoints to compare. There are fewer, and none is judged.",
    wrong: "outlierDetection: { successRate: {} }",
    right: "outlierDetection: { successRate: { minEndpoints: 3 } }",
  },
  {
    code: "HED1364",
    means: "Where a kind of failure is named, the others are off; all that are named are switched off by 0.",
    wrong: "outlierDetection: { consecutive5xx: 0 }",
    right: "outlierDetection: { consecutive5xx: 0, consecutiveGatewayErrors: 5 }",
  },
  {
    code: "HED1365",
    means: "0 is a limit that every request is above, not the absence of one.",
    wrong: "circuitBreaker: { maxRequests: 0 }",
    right: "circuitBreaker: { maxRequests: 1, maxConnections: 1 }",
  },
  {
    code: "HED1366",
    means: "The budget allows no retry at any time, whatever the routes say.",
    wrong: "circuitBreaker: { retryBudget: { percent: 0, minConcurrency: 0 } }",
    right: "circuitBreaker: { retryBudget: { percent: 0, minConcurrency: 1 } }",
  },
  {
    code: "HED1367",
    means: "None of the endpoints is in this place: its share goes to the others.",
    wrong: `
loadBalancing:
  locality:
    distribute: [{ from: "*", to: [{ zone: a1, weight: 80 }, { zone: b2, weight: 20 }] }]`,
    right: `
loadBalancing:
  locality:
    distribute: [{ from: "*", to: [{ zone: a1, weight: 80 }, { region: b, weight: 20 }] }]`,
  },
  {
    code: "HED1368",
    means: "The first rule that holds for a caller counts, and the first place that an endpoint is in.",
    wrong: `
loadBalancing:
  locality:
    distribute: [{ from: "*", to: [{ region: a, weight: 80 }, { region: a, zone: a2, weight: 20 }] }]`,
    right: `
loadBalancing:
  locality:
    distribute:
      - { from: a/a1, to: [{ region: a, zone: a2, weight: 80 }, { region: a, weight: 20 }] }
      - { from: a, to: [{ region: a, weight: 1 }] }
      - { from: "*", to: [{ region: b, weight: 1 }] }`,
  },
  {
    code: "HED1369",
    means: "The Service keeps callers on their own node, where there is nothing nearer or farther.",
    wrong: local("loadBalancing: { locality: { failover: true } }"),
    right: local("loadBalancing: { policy: RoundRobin }"),
    beside: `
apiVersion: v1
kind: Service
metadata: { name: near, namespace: shop }
spec: { clusterIP: 10.96.0.9, internalTrafficPolicy: Local, selector: { app: web }, ports: [{ name: http, port: 80 }] }`,
  },
  {
    code: "HED1377",
    means: "None of the endpoints has this port: who connects to it gets 503, or no connection.",
    wrong: servicePorts(
      "- { name: http, port: 80, targetPort: web }\n    - { name: http-admin, port: 81, targetPort: 9000 }",
    ),
    right: servicePorts(
      "- { name: http, port: 80, targetPort: 8080 }\n    - { name: http-admin, port: 81, targetPort: 9000 }",
    ),
  },
  {
    code: "HED1378",
    means: "The word says nothing to Heddle, and the protocol is guessed from the first bytes.",
    wrong: servicePorts("- { name: api, port: 80, appProtocol: grcp }"),
    right: servicePorts(
      "- { name: api, port: 80, appProtocol: grpc }\n    - { name: other, port: 81, appProtocol: amqp }",
    ),
  },
  {
    code: "HED1379",
    means: "The policy says nothing about its targets, and keeps younger policies for them out of force.",
    wrong: "subsets: []",
    right: "outlierDetection: {}",
  },
  {
    code: "HED1380",
    means: "What was meant is not clear, and the Service can be called from everywhere.",
    wrong: `
apiVersion: v1
kind: Service
metadata: { name: front, namespace: shop, annotations: { heddle.dev/export-to: "shop;web" } }
spec: { clusterIP: 10.96.0.9, selector: { app: web }, ports: [{ name: http, port: 80 }] }`,
    right: `
apiVersion: v1
kind: Service
metadata: { name: front, namespace: shop, annotations: { heddle.dev/export-to: "shop, web" } }
spec: { clusterIP: 10.96.0.9, selector: { app: web }, ports: [{ name: http, port: 80 }] }`,
  },
];
