/** Mistakes in routes of the Gateway API beside the Services that they are for. */
import type { MistakeCase } from "./case.ts";

function route(parentRef: string, rule: string, namespace = "shop"): string {
  return `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: checkout, namespace: ${namespace} }
spec:
  parentRefs: [{ group: "", kind: Service, ${parentRef} }]
  rules: [${rule}]`;
}

const TO_REVIEWS = "{ backendRefs: [{ name: reviews, port: 80 }] }";

export const GATEWAY_CASES: readonly MistakeCase[] = [
  {
    code: "HED1335",
    means: "A route is for Services that have an address of their own. There is none of this name.",
    wrong: route("name: chekcout", TO_REVIEWS),
    right: route("name: checkout", TO_REVIEWS),
  },
  {
    code: "HED1336",
    means: "The Service has no such port, or it takes no HTTP.",
    wrong: route("name: checkout, port: 5432", TO_REVIEWS),
    right: route("name: checkout, port: 9000", TO_REVIEWS),
  },
  {
    code: "HED1337",
    means: "Routes of different kinds are not mixed. Others decide for this Service, and the route is not in force.",
    wrong: route("name: checkout", TO_REVIEWS),
    right: route("name: reviews", TO_REVIEWS),
    beside: `
apiVersion: heddle.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: checkout, namespace: shop }
spec:
  targetRefs: [{ kind: Service, name: checkout }]
  routes: [{ timeout: 2s }]`,
  },
  {
    code: "HED1338",
    means: "The share of the requests that is for this backend is answered with 500.",
    wrong: route("name: checkout", "{ backendRefs: [{ name: reviews, port: 8080 }] }"),
    right: route("name: checkout", TO_REVIEWS),
  },
  {
    code: "HED1339",
    means: "Backends of another namespace need its permission; until then their share is answered with 500.",
    wrong: route(
      "name: checkout, namespace: shop",
      "{ backendRefs: [{ name: reviews, namespace: shop, port: 80 }] }",
      "team",
    ),
    right: route("name: checkout, namespace: shop", "{ backendRefs: [{ name: own, port: 80 }] }", "team"),
    beside: `
apiVersion: v1
kind: Service
metadata: { name: own, namespace: team }
spec: { clusterIP: 10.96.0.9, ports: [{ name: http, port: 80 }] }`,
  },
  {
    code: "HED1340",
    means: "Requests can be sent to Services with endpoints, and to nothing else.",
    wrong: route("name: checkout", "{ backendRefs: [{ group: example.com, kind: Bucket, name: reviews }] }"),
    right: route("name: checkout", TO_REVIEWS),
  },
  {
    code: "HED1341",
    means: "Heddle cannot do what the rule says, and answers its requests with 500 rather than do half of it.",
    wrong: route("name: checkout", '{ matches: [{ path: { type: RegularExpression, value: "/(?=a)" } }] }'),
    right: route("name: checkout", '{ matches: [{ path: { type: RegularExpression, value: "/(?:a)" } }] }'),
  },
  {
    code: "HED1342",
    means: "The field has a meaning for gateways, and none between services. The rest of the route is in force.",
    wrong: `${route("name: checkout", TO_REVIEWS)}
  hostnames: [checkout.example]`,
    right: route("name: checkout", TO_REVIEWS),
  },
];
