/** Mistakes in routes that are valid in themselves. */
import type { MistakeCase } from "./case.ts";

const SUBSETS = `
subsets:
  - { name: stable, labels: { version: v1 } }
  - { name: canary, labels: { version: v2 } }`;

export const ROUTE_CASES: readonly MistakeCase[] = [
  {
    code: "HED1307",
    means:
      "The first route that matches a request wins. Everything that this one matches is taken by routes before it.",
    wrong: `
routes:
  - { name: all-of-it, match: [{ path: { prefix: /api } }] }
  - { name: slow, match: [{ path: { prefix: /api/reports }, method: GET }], timeout: 1m }`,
    right: `
routes:
  - { name: slow, match: [{ path: { prefix: /api/reports }, method: GET }], timeout: 1m }
  - { name: all-of-it, match: [{ path: { prefix: /api } }] }
  - { name: like-it, match: [{ path: { prefix: /apis } }] }`,
  },
  {
    code: "HED1345",
    means: "Of several alternatives of a match one is taken by a route before it; the others work.",
    wrong: `
routes:
  - match: [{ headers: [{ name: x-user, present: true }] }]
  - match: [{ headers: [{ name: X-User, exact: ann }] }, { method: POST }]
    timeout: 5s`,
    right: `
routes:
  - match: [{ headers: [{ name: x-user, present: true }], method: GET }]
  - match: [{ headers: [{ name: X-User, exact: ann }] }, { method: POST }]
    timeout: 5s`,
  },
  {
    code: "HED1308",
    means: "The route's timeout is for the whole request, all tries included: it ends the first try already.",
    wrong: `
routes:
  - timeout: 1500ms
    retries: { attempts: 1, perTryTimeout: 2s }`,
    right: `
routes:
  - timeout: 5s
    retries: { attempts: 1, perTryTimeout: 2s }`,
  },
  {
    code: "HED1349",
    means: "Where endpoints do not answer, the route's timeout is over before all tries have been made.",
    wrong: `
routes:
  - timeout: 2s
    retries: { attempts: 3, perTryTimeout: 1s }`,
    right: `
routes:
  - timeout: 3500ms
    retries: { attempts: 3, perTryTimeout: 1s }`,
  },
  {
    code: "HED1350",
    means: "Answers that are no failures are thrown away and asked for again, until there are no tries left.",
    wrong: `
routes:
  - retries: { attempts: 2, onStatus: [200, 503] }`,
    right: `
routes:
  - retries: { attempts: 2, onStatus: [429, 503] }`,
  },
  {
    code: "HED1346",
    means: "A pattern has to match the whole path, which begins with a slash and ends before the query.",
    wrong: `
routes:
  - { match: [{ path: { regex: "api/v[0-9]+/.*" } }], timeout: 5s }`,
    right: `
routes:
  - { match: [{ path: { regex: "/api/v[0-9]+/.*" } }, { path: { regex: "a?/x|b" } }], timeout: 5s }`,
  },
  {
    code: "HED1347",
    means: "The sidecar takes these headers out of a request before it looks for a route.",
    wrong: `
routes:
  - { match: [{ headers: [{ name: Keep-Alive, present: true }] }], timeout: 5s }`,
    right: `
routes:
  - { match: [{ headers: [{ name: X-Keep-Alive, present: true }] }], timeout: 5s }`,
  },
  {
    code: "HED1348",
    means: "All comparisons of a match must hold, and no one value can fulfil two of these.",
    wrong: `
routes:
  - match: [{ headers: [{ name: x-plan, exact: gold }, { name: x-plan, exact: silver }] }]
    timeout: 5s`,
    right: `
routes:
  - match:
      - { headers: [{ name: x-plan, exact: gold }] }
      - { headers: [{ name: x-plan, prefix: silver }, { name: x-plan, suffix: -plus }] }
    timeout: 5s`,
  },
  {
    code: "HED1351",
    means:
      "gRPC needs HTTP/2, and the sidecar sends these requests on by HTTP/1.1, as the port's protocol says: calls fail.",
    wrong: `
apiVersion: heddle.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: reviews, namespace: shop }
spec:
  targetRefs: [{ kind: Service, name: reviews }]
  routes:
    - { match: [{ grpc: { service: shop.v1.Reviews } }], timeout: 5s }`,
    right: `
apiVersion: heddle.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: reviews, namespace: shop }
spec:
  targetRefs: [{ kind: Service, name: reviews }]
  connection: { http2: true }
  routes:
    - { match: [{ grpc: { service: shop.v1.Reviews } }], timeout: 5s }`,
  },
  {
    code: "HED1303",
    means: "No endpoint has the subset's labels: what a route sends there is answered with 503.",
    wrong: `
subsets: [{ name: canary, labels: { version: v3 } }]`,
    right: `
subsets: [{ name: canary, labels: { version: v2 } }]`,
  },
  {
    code: "HED1354",
    means: "Both are the same endpoints: a split between them divides nothing.",
    wrong: `
subsets:
  - { name: stable, labels: { version: v1 } }
  - { name: canary, labels: { version: v1 } }`,
    right: `${SUBSETS}
  - { name: canary-of-team, labels: { version: v2, app: checkout } }`,
  },
  {
    code: "HED1355",
    means: "Endpoints that are in both subsets get a share from both, so that the weights do not mean what they say.",
    wrong: `
subsets:
  - { name: all-of-it, labels: { app: checkout } }
  - { name: canary, labels: { version: v2 } }
routes:
  - split: [{ subset: all-of-it, weight: 90 }, { subset: canary, weight: 10 }]`,
    right: `
subsets:
  - { name: all-of-it, labels: { app: checkout } }
  - { name: stable, labels: { version: v1 } }
  - { name: canary, labels: { version: v2 } }
routes:
  - split: [{ subset: stable, weight: 90 }, { subset: canary, weight: 10 }]
    mirror: [{ subset: all-of-it, percent: 1 }]`,
  },
  {
    code: "HED1356",
    means: "There are endpoints, but none takes requests at the moment.",
    wrong: `${SUBSETS}
  - { name: next, labels: { version: v3 } }
routes:
  - split: [{ subset: stable, weight: 95 }, { subset: next, weight: 5 }]`,
    right: `${SUBSETS}
  - { name: next, labels: { version: v3 } }
routes:
  - split: [{ subset: stable, weight: 100 }, { subset: next, weight: 0 }]`,
    beside: `
apiVersion: v1
kind: Pod
metadata: { name: checkout-4, namespace: shop, labels: { app: checkout, version: v3 } }
spec: { containers: [{ name: app }], nodeName: node-a1 }
status: { podIP: 10.1.0.14, conditions: [{ type: Ready, status: "False" }] }`,
  },
  {
    code: "HED1357",
    means: "The receiver gets every request that is copied twice, and does its work twice.",
    wrong: `${SUBSETS}
routes:
  - split: [{ subset: stable }]
    mirror: [{ subset: stable, percent: 10 }]`,
    right: `${SUBSETS}
routes:
  - split: [{ subset: stable }]
    mirror: [{ subset: canary, percent: 10 }]`,
  },
  {
    code: "HED1358",
    means: "Stickiness keeps a user on one side of a split. Where there are no sides it does nothing.",
    wrong: `
routes:
  - sticky: { cookie: user, ttl: 1h }`,
    right: `${SUBSETS}
routes:
  - split: [{ subset: stable, weight: 100 }, { subset: canary, weight: 0 }]
    sticky: { cookie: user, ttl: 1h }`,
  },
  {
    code: "HED1359",
    means: "A fault that is meant for some requests hits all of them.",
    wrong: `
routes:
  - fault: { abort: { status: 503 } }`,
    right: `
routes:
  - match: [{ headers: [{ name: x-chaos, present: true }] }]
    fault: { abort: { status: 503 } }
  - fault: { abort: { status: 503, percent: 1 } }`,
  },
  {
    code: "HED1360",
    means: "Who follows the redirect is redirected again, until the client gives up.",
    wrong: `
routes:
  - match: [{ path: { prefix: /shop } }]
    redirect: { prefix: /shop/v2 }`,
    right: `
routes:
  - match: [{ path: { prefix: /shop/v2 } }]
  - match: [{ path: { prefix: /shop } }]
    redirect: { prefix: /shop/v2 }
  - match: [{ path: { prefix: /store } }]
    redirect: { prefix: /store, host: store.example }`,
  },
  {
    code: "HED1361",
    means: "Without a slash at its beginning the path is no path: most servers answer with 400.",
    wrong: `
routes:
  - rewrite: { regex: { pattern: "^/api/(.*)", substitution: '\\1' } }`,
    right: `
routes:
  - { match: [{ method: GET }], rewrite: { regex: { pattern: "^/api/(.*)", substitution: '/\\1' } } }
  - { match: [{ method: PUT }], rewrite: { regex: { pattern: "^/api(.*)", substitution: '\\1' } } }
  - { match: [{ method: POST }], rewrite: { regex: { pattern: "^/api(/.*)", substitution: '\\1' } } }
  - { rewrite: { regex: { pattern: "^/api", substitution: "" } } }`,
  },
  {
    code: "HED1370",
    means: "What may be sent in one period may be sent at once. A burst makes that more, never less.",
    wrong: `
routes:
  - rateLimit: { requests: 100, per: 1m, burst: 10 }`,
    right: `
routes:
  - rateLimit: { requests: 100, per: 1m, burst: 150 }`,
  },
  {
    code: "HED1371",
    means: "Before a page's request a browser asks by OPTIONS whether it may. This route does not see the question.",
    wrong: `
routes:
  - match: [{ path: { prefix: /api }, method: POST }]
    cors: { allowOrigins: [{ exact: https://shop.example }], allowMethods: [POST] }`,
    right: `
routes:
  - match: [{ path: { prefix: /api }, method: POST }, { path: { prefix: /api }, method: OPTIONS }]
    cors: { allowOrigins: [{ exact: https://shop.example }], allowMethods: [POST] }`,
  },
  {
    code: "HED1372",
    means: "Browsers send scheme, host and perhaps port. This text equals none of that, and no page may call.",
    wrong: `
routes:
  - cors: { allowOrigins: [{ exact: https://Shop.example/ }] }`,
    right: `
routes:
  - cors: { allowOrigins: [{ exact: https://shop.example }, { exact: "http://localhost:3000" }, { exact: "null" }] }`,
  },
  {
    code: "HED1373",
    means: "Headers are removed first, then set, then added: one of the edits undoes the other.",
    wrong: `
routes:
  - headers: { response: { set: [{ name: Server, value: shop }], remove: [server] } }`,
    right: `
routes:
  - headers:
      request: { remove: [server] }
      response: { add: [{ name: Server, value: shop }], remove: [server] }`,
  },
  {
    code: "HED1374",
    means:
      "The sidecar knows where a message ends. Who is told otherwise waits for more, or takes the rest for the next message.",
    wrong: `
routes:
  - headers: { request: { set: [{ name: Content-Length, value: "0" }] } }`,
    right: `
routes:
  - headers: { request: { set: [{ name: Connection, value: close }], remove: [content-length] } }`,
  },
  {
    code: "HED1375",
    means:
      "HTTP has no body in such an answer: callers take the text for the beginning of the next one, and give up the connection.",
    wrong: `
routes:
  - directResponse: { status: 204, body: done }`,
    right: `
routes:
  - directResponse: { status: 200, body: done }`,
  },
  {
    code: "HED1376",
    means: "The side of a split and the endpoint of a session are written to the same cookie.",
    wrong: `${SUBSETS}
routes:
  - split: [{ subset: stable, weight: 90 }, { subset: canary, weight: 10 }]
    sticky: { cookie: session, ttl: 1h }
loadBalancing: { affinity: { cookie: { name: session } } }`,
    right: `${SUBSETS}
routes:
  - split: [{ subset: stable, weight: 90 }, { subset: canary, weight: 10 }]
    sticky: { cookie: side, ttl: 1h }
loadBalancing: { affinity: { cookie: { name: session } } }`,
  },
];
