/** Files and fields that are not valid by themselves. */
import type { MistakeCase } from "./case.ts";

const SUBSETS = "subsets: [{ name: stable, labels: { version: v1 } }, { name: canary, labels: { version: v2 } }]\n";

function configMap(data: string): string {
  return `
apiVersion: v1
kind: ConfigMap
metadata: { name: settings, namespace: shop }
${data}`;
}

/** A route of the Gateway API with one filter. */
function filtered(filters: string): string {
  return `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: checkout, namespace: shop }
spec:
  parentRefs: [{ group: "", kind: Service, name: checkout }]
  rules:
    - filters: [${filters}]
      backendRefs: [{ name: checkout, port: 80 }]`;
}

const ALIASED = `
  a: &a [1, 1, 1, 1, 1]
  b: &b [*a, *a, *a, *a, *a]
  c: &c [*b, *b, *b, *b, *b]
  d: &d [*c, *c, *c, *c, *c]
  e: [*d, *d, *d, *d, *d]`;

export const RULE_CASES: readonly MistakeCase[] = [
  {
    code: "HED1001",
    means: "The text is neither YAML nor JSON from this line on.",
    wrong: "routes: [{ timeout: 2s }",
    right: "routes: [{ timeout: 2s }]",
  },
  {
    code: "HED1004",
    means: "Written out, the aliases would make more of the document than is read.",
    wrong: configMap(`data:${ALIASED}`),
    right: configMap("data:\n  a: &a [1, 1, 1, 1, 1]\n  b: [*a, *a]"),
  },
  {
    code: "HED1006",
    means: "Every document is a Kubernetes object, which has to say what it is.",
    wrong: "kind: TrafficPolicy\nmetadata: { name: checkout }",
    right: "routes: [{ timeout: 2s }]",
  },
  {
    code: "HED1007",
    means: "The kind is nearly one that Heddle reads, or is not known in this version.",
    wrong: "apiVersion: heddle.dev/v1alpha1\nkind: TraficPolicy\nmetadata: { name: checkout }",
    right: configMap("data: {}"),
  },
  {
    code: "HED1008",
    means: "Two documents have the same kind, namespace and name; the first by file and line is in force.",
    wrong: `
apiVersion: v1
kind: Service
metadata: { name: checkout, namespace: shop }
spec: { clusterIP: 10.96.0.9, selector: { app: web }, ports: [{ name: http, port: 80 }] }`,
    right: `
apiVersion: v1
kind: Service
metadata: { name: checkout, namespace: other }
spec: { clusterIP: 10.96.0.9, ports: [{ name: http, port: 80 }] }`,
  },
  {
    code: "HED1101",
    means: "There is no such field: what it says would be lost.",
    wrong: "routes: [{ timout: 2s }]",
    right: "routes: [{ timeout: 2s }]",
  },
  {
    code: "HED1102",
    means: "Without this field the rest says nothing.",
    wrong: "routes: [{ retries: { perTryTimeout: 1s } }]",
    right: "routes: [{ retries: { perTryTimeout: 1s, attempts: 1 } }]",
  },
  {
    code: "HED1103",
    means: "The value is of another type than the field.",
    wrong: "routes: [{ match: [{ headers: [{ name: x-beta, exact: true }] }], timeout: 2s }]",
    right: 'routes: [{ match: [{ headers: [{ name: x-beta, exact: "true" }] }], timeout: 2s }]',
  },
  {
    code: "HED1104",
    means: "The value is none of those that the field may have.",
    wrong: "routes: [{ timeout: 2 seconds }]",
    right: "routes: [{ timeout: 2s }]",
  },
  {
    code: "HED1105",
    means: "The fields of a Kubernetes object do not fit one another, and the API server would refuse it.",
    wrong: `
apiVersion: v1
kind: Service
metadata: { name: front, namespace: shop }
spec: { clusterIP: 10.96.0.9, selector: { app: web }, ports: [{ port: 80 }, { name: admin, port: 81 }] }`,
    right: `
apiVersion: v1
kind: Service
metadata: { name: front, namespace: shop }
spec: { clusterIP: 10.96.0.9, selector: { app: web }, ports: [{ port: 80 }] }`,
  },
  {
    code: "HED1201",
    means: "Of these fields one, and only one, says what is meant.",
    wrong: "routes: [{ match: [{ path: { exact: /a, prefix: /b } }], timeout: 2s }]",
    right: "routes: [{ match: [{ path: { exact: /a } }, { path: { prefix: /b } }], timeout: 2s }]",
  },
  {
    code: "HED1202",
    means: "It is not said where the requests go.",
    wrong: "routes: [{ split: [{ service: reviews }] }]",
    right: "routes: [{ split: [{ service: reviews, port: 80 }] }]",
  },
  {
    code: "HED1203",
    means: "Weights are shares of their sum, which takes all of them.",
    wrong: `${SUBSETS}routes: [{ split: [{ subset: stable, weight: 90 }, { subset: canary }] }]`,
    right: `${SUBSETS}routes: [{ split: [{ subset: stable, weight: 90 }, { subset: canary, weight: 10 }] }]`,
  },
  {
    code: "HED1204",
    means: "It is not clear which of the two is meant.",
    wrong: "subsets: [{ name: a, labels: { version: v1 } }, { name: a, labels: { version: v2 } }]",
    right: "subsets: [{ name: a, labels: { version: v1 } }, { name: b, labels: { version: v2 } }]",
  },
  {
    code: "HED1205",
    means: "A subset that is named without a service is one of the policy's own, which has none of this name.",
    wrong: `${SUBSETS}routes: [{ split: [{ subset: canari }] }]`,
    right: `${SUBSETS}routes: [{ split: [{ subset: canary }] }]`,
  },
  {
    code: "HED1206",
    means: "Envoy's patterns are RE2's, which has no lookaround and no backreferences: it would refuse the route.",
    wrong: 'routes: [{ match: [{ path: { regex: "/(?!admin).*" } }], timeout: 2s }]',
    right: 'routes: [{ match: [{ path: { regex: "/(?:admin)?.*" } }], timeout: 2s }]',
  },
  {
    code: "HED1207",
    means: "Policies that hash need something to hash on; the others have no use for it.",
    wrong: "loadBalancing: { policy: RoundRobin, hashOn: { header: x-user } }",
    right: "loadBalancing: { policy: Maglev, hashOn: { header: x-user } }",
  },
  {
    code: "HED1208",
    means: "The durations cannot hold at once, or Envoy would refuse them.",
    wrong: "routes: [{ retries: { attempts: 2, backoff: { base: 1s, max: 500ms } } }]",
    right: "routes: [{ retries: { attempts: 2, backoff: { base: 500ms, max: 1s } } }]",
  },
  {
    code: "HED1209",
    means: "Paths are compared as they are sent: with a slash first, and without the query.",
    wrong: "routes: [{ match: [{ path: { prefix: api } }], timeout: 2s }]",
    right: "routes: [{ match: [{ path: { prefix: /api } }], timeout: 2s }]",
  },
  {
    code: "HED1210",
    means: "Envoy refuses to edit host and path as headers.",
    wrong: "routes: [{ headers: { request: { set: [{ name: Host, value: a.example }] } } }]",
    right: "routes: [{ rewrite: { host: a.example } }]",
  },
  {
    code: "HED1211",
    means: "Browsers refuse the answer, and else every page could act in the user's name.",
    wrong: 'routes: [{ cors: { allowOrigins: [{ exact: "*" }], allowCredentials: true } }]',
    right: "routes: [{ cors: { allowOrigins: [{ exact: https://shop.example }], allowCredentials: true } }]",
  },
  {
    code: "HED1212",
    means: "Where the sidecar answers by itself nothing is sent on, and this field says how to.",
    wrong: "routes: [{ directResponse: { status: 404 }, timeout: 2s }]",
    right: "routes: [{ directResponse: { status: 404 } }]",
  },
  {
    code: "HED1213",
    means: "What is to be replaced is the prefix that matched. Not every match of the route has one.",
    wrong: "routes: [{ match: [{ path: { exact: /api } }], rewrite: { prefix: /v2 } }]",
    right: "routes: [{ match: [{ path: { prefix: /api } }], rewrite: { prefix: /v2 } }]",
  },
  {
    code: "HED1220",
    means: "With fixed shares no place is nearer than another.",
    wrong: `
loadBalancing:
  locality: { failover: true, distribute: [{ from: "*", to: [{ region: a, weight: 1 }] }] }`,
    right: `
loadBalancing:
  locality: { failover: false, distribute: [{ from: "*", to: [{ region: a, weight: 1 }] }] }`,
  },
  {
    code: "HED1221",
    means: "Only cookies have a time to live, and only those that are given out have a path.",
    wrong: `${SUBSETS}routes: [{ split: [{ subset: stable }, { subset: canary }], sticky: { header: x-user, ttl: 1h } }]`,
    right: `${SUBSETS}routes: [{ split: [{ subset: stable }, { subset: canary }], sticky: { cookie: user, ttl: 1h } }]`,
  },
  {
    code: "HED1222",
    means: "A gRPC match is a match on path and method already.",
    wrong: "routes: [{ match: [{ grpc: { service: shop.v1.Checkout }, method: POST }], timeout: 2s }]",
    right: "routes: [{ match: [{ grpc: { service: shop.v1.Checkout } }], timeout: 2s }]",
  },
  {
    code: "HED1230",
    means: "It is not said how many requests are too many, nor who knows.",
    wrong: "routes: [{ rateLimit: { per: 1m } }]",
    right: "routes: [{ rateLimit: { per: 1m, requests: 100 } }]",
  },
  {
    code: "HED1231",
    means: "The service counts by what it is told, and is told nothing.",
    wrong: "routes: [{ rateLimit: { service: { name: limits, port: 8081 } } }]",
    right: "routes: [{ rateLimit: { service: { name: limits, port: 8081 }, by: [{ caller: true }] } }]",
  },
  {
    code: "HED1232",
    means: "The service is asked about requests that are sent on, and this route sends none.",
    wrong: `
routes:
  - directResponse: { status: 404 }
    rateLimit: { service: { name: limits, port: 8081 }, by: [{ caller: true }] }`,
    right: `
routes:
  - directResponse: { status: 404 }
    rateLimit: { requests: 100 }`,
  },
  {
    code: "HED1250",
    means: "A filter says by its type which of its fields counts, and that one is not there.",
    wrong: filtered("{ type: RequestHeaderModifier }"),
    right: filtered("{ type: RequestHeaderModifier, requestHeaderModifier: { remove: [x-a] } }"),
  },
  {
    code: "HED1251",
    means: "Two filters of a rule cannot both be followed.",
    wrong: filtered(
      "{ type: URLRewrite, urlRewrite: { hostname: a.example } }, { type: URLRewrite, urlRewrite: { hostname: b.example } }",
    ),
    right: filtered("{ type: URLRewrite, urlRewrite: { hostname: a.example } }"),
  },
];
