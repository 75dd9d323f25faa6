/** Mistakes in a TrafficPolicy's spec, each beside the nearest spec that is right. For files and for a cluster alike. */

export interface PolicyCase {
  readonly title: string;
  /** `targetRefs` is left out where it is not what matters: see TARGET. */
  readonly wrong: object;
  /** What the diagnostics say. */
  readonly words: string;
  readonly right: object;
}

export const TARGET = [{ kind: "Service", name: "checkout" }];

const subsets = [
  { name: "stable", labels: { version: "v1" } },
  { name: "canary", labels: { version: "v2" } },
];
/** A spec with two subsets, `stable` and `canary`, and one route. */
export const route = (fields: object): object => ({ subsets, routes: [fields] });
const header = (fields: object): object => route({ match: [{ headers: [{ name: "x-user", ...fields }] }] });
const locality = (fields: object): object => ({ loadBalancing: { locality: fields } });
const path = (fields: object): object => route({ match: [{ path: fields }] });

const TABLE: readonly [title: string, wrong: object, words: string, right: object][] = [
  [
    "no comparison",
    header({}),
    "HED1201 spec.routes[0].match[0].headers[0]: must have exactly one of exact, prefix, suffix, contains, regex, present; there is none",
    header({ exact: "" }),
  ],
  ["two comparisons", header({ exact: "a", present: true }), "there are exact and present", header({ present: false })],
  [
    "two paths",
    path({ exact: "/a", prefix: "/b" }),
    "HED1201 spec.routes[0].match[0].path: must have exactly one of exact, prefix, regex",
    path({ prefix: "/b" }),
  ],
  [
    "relative path",
    path({ prefix: "api" }),
    'HED1209 spec.routes[0].match[0].path.prefix: must start with / and hold no ? or #; it is "api"',
    path({ prefix: "/api" }),
  ],
  ["query in a path", path({ exact: "/a?b=1" }), "HED1209 spec.routes[0].match[0].path.exact", path({ exact: "/a" })],
  ["newline in a path", path({ exact: "/a\nb" }), "HED1209", path({ exact: "/a b" })],
  [
    "lookahead",
    path({ regex: "/(?=a)" }),
    "HED1206 spec.routes[0].match[0].path.regex: must be a regular expression in RE2 syntax; this one uses lookaround",
    path({ regex: "/(?:a)" }),
  ],
  [
    "cookie name",
    route({ match: [{ cookies: [{ name: "a b", exact: "1" }] }] }),
    "must be a cookie name",
    route({ match: [{ cookies: [{ name: "a_b", exact: "1" }] }] }),
  ],
  [
    "too quick a refill",
    route({ rateLimit: { requests: 1, per: "10ms" } }),
    "HED1208 spec.routes[0].rateLimit.per: must be at least 50ms",
    route({ rateLimit: { requests: 1, per: "50ms" } }),
  ],
  [
    "two keys in one",
    route({ rateLimit: { requests: 1, by: [{ header: "x-user", caller: true }] } }),
    "HED1201 spec.routes[0].rateLimit.by[0]: must have exactly one of header, caller; there are header and caller",
    route({ rateLimit: { requests: 1, by: [{ header: "x-user" }, { caller: true }] } }),
  ],
  [
    "one key twice",
    route({ rateLimit: { requests: 1, by: [{ header: "x-user" }, { header: "X-User" }] } }),
    "HED1204 spec.routes[0].rateLimit.by[1]: must not name a key twice in by",
    route({ rateLimit: { requests: 1, by: [{ header: "x-user" }, { header: "x-tenant" }] } }),
  ],
  [
    "limit without a number",
    route({ rateLimit: { per: "1s" } }),
    "HED1230 spec.routes[0].rateLimit: must have requests, service or both",
    route({ rateLimit: { requests: 1, per: "1s" } }),
  ],
  [
    "burst without a number",
    route({ rateLimit: { burst: 1, service: { name: "a", port: 80, descriptors: [{ key: "a", value: "b" }] } } }),
    "HED1230 spec.routes[0].rateLimit.burst: must have burst and scope only with requests",
    route({ rateLimit: { requests: 1, burst: 1 } }),
  ],
  [
    "service that is told nothing",
    route({ rateLimit: { service: { name: "a", port: 80 } } }),
    "HED1231 spec.routes[0].rateLimit.service: must tell the service something: have descriptors or by",
    route({ rateLimit: { service: { name: "a", port: 80 }, by: [{ caller: true }] } }),
  ],
  [
    "rate-limit service beside an answer",
    route({ directResponse: { status: 200 }, rateLimit: { service: { name: "a", port: 80 }, by: [{ caller: true }] } }),
    "HED1232 spec.routes[0].rateLimit.service: must not have rateLimit.service beside redirect or directResponse",
    route({ directResponse: { status: 200 }, rateLimit: { requests: 1 } }),
  ],
  [
    "slow start of a hash ring",
    { loadBalancing: { policy: "RingHash", hashOn: { sourceIP: true }, slowStart: "30s" } },
    "HED1207 spec.loadBalancing.slowStart: must have slowStart only with the policies RoundRobin and LeastRequest; policy is RingHash",
    { loadBalancing: { slowStart: "30s" } },
  ],
  [
    "two health checks",
    { healthCheck: { tcp: {}, http: {} } },
    "HED1201 spec.healthCheck: must have exactly one of http, grpc, tcp; there are http and tcp",
    { healthCheck: { http: {} } },
  ],
  [
    "any caller",
    route({ match: [{ from: {} }] }),
    "HED1201 spec.routes[0].match[0].from: must have namespaces, serviceAccounts or labels",
    route({ match: [{ from: { namespaces: ["shop"] } }] }),
  ],
  [
    "nothing to rewrite",
    route({ rewrite: {} }),
    "HED1201 spec.routes[0].rewrite: must have prefix, regex or host",
    route({ rewrite: { host: "a.example" } }),
  ],
  [
    "two rewrites of a path",
    route({
      match: [{ path: { prefix: "/a" } }],
      rewrite: { prefix: "/b", regex: { pattern: "a", substitution: "" } },
    }),
    "HED1201 spec.routes[0].rewrite: must not have both prefix and regex",
    route({ match: [{ path: { prefix: "/a" } }], rewrite: { prefix: "/b" } }),
  ],
  [
    "no prefix to replace",
    route({ match: [{ path: { prefix: "/a" } }, { path: { exact: "/b" } }], rewrite: { prefix: "/c" } }),
    "HED1213 spec.routes[0].match[1]: must have a path prefix in every match for rewrite.prefix to replace",
    route({ match: [{ path: { prefix: "/a" } }], rewrite: { prefix: "/c" } }),
  ],
  [
    "no match to redirect",
    route({ redirect: { prefix: "/c" } }),
    "HED1213 spec.routes[0].redirect.prefix: must have a path prefix in every match for redirect.prefix to replace; the route has no match",
    route({ redirect: { path: "/c" } }),
  ],
  [
    "empty redirect",
    route({ redirect: { status: 301 } }),
    "HED1201 spec.routes[0].redirect: must have scheme, host, port, path or prefix",
    route({ redirect: { status: 301, host: "a.example" } }),
  ],
  [
    "redirect and split",
    route({ redirect: { host: "a.example" }, split: [{ subset: "stable" }], timeout: "1s" }),
    "HED1212 spec.routes[0].split: must not have split, sticky, mirror, timeout, retries, rewrite beside redirect or directResponse: nothing is sent on",
    route({ redirect: { host: "a.example" }, headers: { response: { remove: ["server"] } } }),
  ],
  [
    "redirect and answer",
    route({ redirect: { host: "a.example" }, directResponse: { status: 200 } }),
    "HED1212 spec.routes[0]: must not have both redirect and directResponse",
    route({ directResponse: { status: 200 } }),
  ],
  [
    "edited host",
    route({ headers: { request: { set: [{ name: "Host", value: "a" }] } } }),
    "HED1210 spec.routes[0].headers.request.set[0].name: must not be host or a header that begins with a colon: use rewrite",
    route({ headers: { request: { set: [{ name: "x-host", value: "a" }] } } }),
  ],
  [
    "credentials for everybody",
    route({ cors: { allowOrigins: [{ exact: "*" }], allowCredentials: true } }),
    "HED1211 spec.routes[0].cors.allowCredentials: must not allow credentials to every origin",
    route({ cors: { allowOrigins: [{ exact: "*" }] } }),
  ],
  [
    "no fault",
    route({ fault: {} }),
    "HED1201 spec.routes[0].fault: must have delay or abort",
    route({ fault: { abort: { status: 503 } } }),
  ],
  [
    "fixed delay and delay by header",
    route({ fault: { delay: { fixed: "1s", header: true } } }),
    "HED1201 spec.routes[0].fault.delay: must have exactly one of fixed, header; there are fixed and header",
    route({ fault: { delay: { header: true } } }),
  ],
  [
    "neither status nor header",
    route({ fault: { abort: { percent: 5 } } }),
    "HED1201 spec.routes[0].fault.abort: must have exactly one of status, header; there is none",
    route({ fault: { abort: { header: true, percent: 5 } } }),
  ],
  [
    "window of parts of seconds",
    { admissionControl: { window: "1500ms" } },
    "HED1208 spec.admissionControl.window: must be whole seconds, 1s at least",
    { admissionControl: { window: "2000ms" } },
  ],
  [
    "two sticky keys",
    route({ sticky: { header: "a", cookie: "b" } }),
    "HED1201 spec.routes[0].sticky: must have exactly one of header, cookie, query",
    route({ sticky: { cookie: "b" } }),
  ],
  [
    "life of a header",
    route({ sticky: { header: "a", ttl: "1h" } }),
    "HED1221 spec.routes[0].sticky.ttl: must have ttl only with cookie, and path only with ttl; there is no cookie",
    route({ sticky: { cookie: "a", ttl: "1h" } }),
  ],
  [
    "path of a cookie that is not given out",
    route({ sticky: { cookie: "a", path: "/x" } }),
    "HED1221 spec.routes[0].sticky.path: must have ttl only with cookie, and path only with ttl; there is no ttl",
    route({ sticky: { cookie: "a", ttl: "0s", path: "/x" } }),
  ],
  [
    "gRPC and path",
    route({ match: [{ grpc: { service: "shop.v1.Checkout" }, path: { prefix: "/" }, method: "POST" }] }),
    "HED1222 spec.routes[0].match[0].method: must not have path or method beside grpc, which says both",
    route({
      match: [{ grpc: { service: "shop.v1.Checkout", method: "Pay" }, headers: [{ name: "a", present: true }] }],
    }),
  ],
  [
    "gRPC service as a path",
    route({ match: [{ grpc: { service: "/shop.v1.Checkout/Pay" } }] }),
    "HED1104 spec.routes[0].match[0].grpc.service: must be a full service name, such as shop.v1.Checkout",
    route({ match: [{ grpc: { service: "Checkout" } }] }),
  ],
  [
    "undeclared subset of connections",
    { subsets, tcp: { split: [{ subset: "canray" }] } },
    'HED1205 spec.tcp.split[0].subset: must name in tcp.split only subsets that spec.subsets declares; "canray" is not declared; did you mean "canary"?',
    { subsets, tcp: { split: [{ subset: "canary" }, { service: "b", port: 5432 }] } },
  ],
  [
    "some weights of connections",
    { subsets, tcp: { split: [{ subset: "stable", weight: 1 }, { subset: "canary" }] } },
    "HED1203 spec.tcp.split[1].weight: must have a weight on every entry of split, or on none; this entry has none",
    {
      subsets,
      tcp: {
        split: [
          { subset: "stable", weight: 1 },
          { subset: "canary", weight: 0 },
        ],
      },
    },
  ],
  [
    "no split of connections",
    { tcp: {} },
    "HED1102 spec.tcp.split: is required",
    { tcp: { split: [{ service: "b", port: 5432 }] } },
  ],
  [
    "ring hash without key",
    { loadBalancing: { policy: "RingHash" } },
    "HED1207 spec.loadBalancing.policy: must have hashOn",
    { loadBalancing: { policy: "RingHash", hashOn: { sourceIP: true } } },
  ],
  [
    "key without ring hash",
    { loadBalancing: { hashOn: { header: "a" } } },
    "HED1207 spec.loadBalancing.hashOn: must have hashOn with the policies RingHash and Maglev, and with no other; policy is LeastRequest",
    { loadBalancing: { policy: "Maglev", hashOn: { header: "a" } } },
  ],
  [
    "two hash keys",
    { loadBalancing: { policy: "Maglev", hashOn: { header: "a", query: "b" } } },
    "HED1201 spec.loadBalancing.hashOn",
    { loadBalancing: { policy: "Maglev", hashOn: { query: "b" } } },
  ],
  [
    "bounded load without ring",
    { loadBalancing: { boundedLoad: { percent: 120 } } },
    "HED1207 spec.loadBalancing.boundedLoad: must have boundedLoad only with the policies RingHash and Maglev; policy is LeastRequest",
    { loadBalancing: { policy: "RingHash", hashOn: { header: "a" }, boundedLoad: { percent: 120 } } },
  ],
  [
    "bounded load below the average",
    { loadBalancing: { policy: "Maglev", hashOn: { header: "a" }, boundedLoad: { percent: 100 } } },
    "HED1104 spec.loadBalancing.boundedLoad.percent: must be at least 101, not 100",
    { loadBalancing: { policy: "Maglev", hashOn: { header: "a" }, boundedLoad: { percent: 101 } } },
  ],
  [
    "shares and nearness",
    locality({ failover: true, distribute: [{ from: "*", to: [{ zone: "a", weight: 1 }] }] }),
    "HED1220 spec.loadBalancing.locality.failover: must not have failover: true beside distribute: shares and nearness contradict each other",
    locality({ failover: false, distribute: [{ from: "*", to: [{ zone: "a", weight: 1 }] }] }),
  ],
  [
    "share of nowhere",
    locality({ distribute: [{ from: "r", to: [{ weight: 1 }] }] }),
    "HED1201 spec.loadBalancing.locality.distribute[0].to[0]: must have region or zone",
    locality({ distribute: [{ from: "r", to: [{ region: "r", weight: 1 }] }] }),
  ],
  [
    "share of a place twice",
    locality({
      distribute: [
        {
          from: "r",
          to: [
            { zone: "a", weight: 1 },
            { zone: "a", weight: 2 },
          ],
        },
      ],
    }),
    "HED1204 spec.loadBalancing.locality.distribute[0].to[1]: must not have a place twice",
    locality({
      distribute: [
        {
          from: "r",
          to: [
            { zone: "a", weight: 1 },
            { region: "r", zone: "a", weight: 2 },
          ],
        },
      ],
    }),
  ],
  [
    "callers of a place twice",
    locality({
      distribute: [
        { from: "r", to: [{ zone: "a", weight: 1 }] },
        { from: "r", to: [{ zone: "b", weight: 1 }] },
      ],
    }),
    "HED1204 spec.loadBalancing.locality.distribute[1].from: must not have one from twice",
    locality({
      distribute: [
        { from: "r/a", to: [{ zone: "a", weight: 1 }] },
        { from: "r", to: [{ zone: "b", weight: 1 }] },
      ],
    }),
  ],
  [
    "share of 0",
    locality({ distribute: [{ from: "r", to: [{ zone: "a", weight: 0 }] }] }),
    "HED1104 spec.loadBalancing.locality.distribute[0].to[0].weight: must be at least 1, not 0",
    locality({ distribute: [{ from: "r", to: [{ zone: "a", weight: 1 }] }] }),
  ],
  [
    "caller that is no place",
    locality({ distribute: [{ from: "r/a/b", to: [{ zone: "a", weight: 1 }] }] }),
    "HED1104 spec.loadBalancing.locality.distribute[0].from: must be a region, region/zone, or *",
    locality({ distribute: [{ from: "r/a", to: [{ zone: "a", weight: 1 }] }] }),
  ],
  [
    "two places for a session",
    { loadBalancing: { affinity: { header: "a", cookie: { name: "b" } } } },
    "HED1201 spec.loadBalancing.affinity: must have exactly one of cookie, header; there are cookie and header",
    { loadBalancing: { affinity: { cookie: { name: "b", ttl: "1h" }, strict: true } } },
  ],
  [
    "cookie path",
    { loadBalancing: { affinity: { cookie: { name: "b", path: "/;x" } } } },
    "HED1104 spec.loadBalancing.affinity.cookie.path: must be a path without blanks and semicolons",
    { loadBalancing: { affinity: { cookie: { name: "b", path: "/x" } } } },
  ],
  [
    "some weights",
    route({ split: [{ subset: "stable", weight: 1 }, { subset: "canary" }] }),
    "HED1203 spec.routes[0].split[1].weight: must have a weight on every entry of split, or on none; this entry has none",
    route({ split: [{ subset: "stable" }, { subset: "canary" }] }),
  ],
  [
    "weights of 0",
    route({ split: [{ subset: "stable", weight: 0 }] }),
    "HED1203 spec.routes[0].split: must have weights whose sum is above 0",
    route({
      split: [
        { subset: "stable", weight: 1 },
        { subset: "canary", weight: 0 },
      ],
    }),
  ],
  [
    "empty backend",
    route({ split: [{}] }),
    "HED1202 spec.routes[0].split[0]: must name a subset of the target, or a service and its port",
    route({ split: [{ subset: "stable" }] }),
  ],
  [
    "service without port",
    route({ mirror: [{ service: "b" }] }),
    "HED1202 spec.routes[0].mirror[0].service: must have service and port together; there is no port",
    route({ mirror: [{ service: "b", port: 80 }] }),
  ],
  [
    "port without service",
    route({ split: [{ subset: "stable", port: 80 }] }),
    "HED1202 spec.routes[0].split[0].port: must have service and port together; there is no service",
    route({ split: [{ subset: "stable" }] }),
  ],
  [
    "service name",
    route({ split: [{ service: "a.b.c", port: 80 }] }),
    "must be the name of a Service, or name.namespace",
    route({ split: [{ service: "a.b", port: 80 }] }),
  ],
  [
    "backend twice",
    route({
      split: [
        { subset: "stable", weight: 1 },
        { subset: "stable", weight: 2 },
      ],
    }),
    "HED1204 spec.routes[0].split[1]: must not have a backend twice in one split",
    route({
      split: [
        { service: "a", port: 80 },
        { service: "a", port: 81 },
      ],
    }),
  ],
  ["subset twice", { subsets: [subsets[0], subsets[0]] }, "HED1204 spec.subsets[1].name", { subsets }],
  [
    "route twice",
    { routes: [{ name: "a" }, { name: "a" }] },
    "HED1204 spec.routes[1].name",
    { routes: [{ name: "a" }, {}, {}] },
  ],
  [
    "target twice",
    { targetRefs: [...TARGET, ...TARGET] },
    "HED1204 spec.targetRefs[1].name",
    { targetRefs: [...TARGET, { kind: "Service", name: "b" }] },
  ],
  [
    "undeclared subset",
    route({ split: [{ subset: "canray" }] }),
    'HED1205 spec.routes[0].split[0].subset: must name in split only subsets that spec.subsets declares; "canray" is not declared; did you mean "canary"?',
    route({ split: [{ subset: "canary" }] }),
  ],
  [
    "undeclared mirror",
    route({ mirror: [{ subset: "zzz" }] }),
    '"zzz" is not declared; declared: stable, canary',
    route({ mirror: [{ subset: "zzz", service: "b", port: 80 }] }),
  ],
  [
    "backoff",
    route({ retries: { attempts: 1, backoff: { base: "1s", max: "500ms" } } }),
    "HED1208 spec.routes[0].retries.backoff.max",
    route({ retries: { attempts: 1, backoff: { base: "1s", max: "1s" } } }),
  ],
  [
    "backoff below the default base",
    route({ retries: { attempts: 1, backoff: { max: "24ms" } } }),
    "base, which is 25ms where not given",
    route({ retries: { attempts: 1, backoff: { max: "25ms" } } }),
  ],
  [
    "long ejection",
    { outlierDetection: { baseEjectionTime: "301s" } },
    "HED1208 spec.outlierDetection.baseEjectionTime: must be at most 300s",
    { outlierDetection: { baseEjectionTime: "5m" } },
  ],
  [
    "zero timeout to connect",
    { connection: { connectTimeout: "0s" } },
    "HED1104 spec.connection.connectTimeout: must be longer than 0s",
    { connection: { connectTimeout: "1ms" } },
  ],
  [
    "no labels",
    { subsets: [{ name: "a", labels: {} }] },
    "HED1104 spec.subsets[0].labels: must name 1 to 16 pod labels",
    { subsets: [{ name: "a", labels: { a: "" } }] },
  ],
  [
    "numeric label",
    { subsets: [{ name: "a", labels: { version: 1 } }] },
    'HED1103 spec.subsets[0].labels.version: must be a string, not a number; write it in quotes, as in "1"',
    { subsets: [{ name: "a", labels: { version: "1" } }] },
  ],
  [
    "misspelled field",
    { outlierDetecton: {} },
    'HED1101 spec.outlierDetecton: is not a known field; did you mean "outlierDetection"?',
    { outlierDetection: {} },
  ],
  [
    "field at the wrong depth",
    { timeout: "1s" },
    "HED1101 spec.timeout: is not a known field; it belongs to spec.routes[].timeout",
    route({ timeout: "1s" }),
  ],
  [
    "unknown field",
    { routes: [{ zzz: 1 }] },
    "HED1101 spec.routes[0].zzz: is not a known field; known fields: name, match, split",
    { routes: [{}] },
  ],
  [
    "misspelled choice",
    { loadBalancing: { policy: "RoundRobbin" } },
    'HED1104 spec.loadBalancing.policy: must be one of RoundRobin, LeastRequest, Random, RingHash, Maglev, not "RoundRobbin"; did you mean RoundRobin?',
    { loadBalancing: { policy: "RoundRobin" } },
  ],
  [
    "not a duration",
    route({ timeout: "2 s" }),
    'HED1104 spec.routes[0].timeout: must be a duration such as 250ms, 2s or 1h30m, not "2 s"',
    route({ timeout: "0s" }),
  ],
  [
    "missing field",
    { targetRefs: [{ kind: "Service" }] },
    "HED1102 spec.targetRefs[0].name: is required: a string",
    { targetRefs: TARGET },
  ],
  ["no targets", { targetRefs: [] }, "HED1104 spec.targetRefs: must have at least 1 entry", { targetRefs: TARGET }],
  [
    "out of range",
    route({ retries: { attempts: 11 } }),
    "HED1104 spec.routes[0].retries.attempts: must be at most 10, not 11",
    route({ retries: { attempts: 10 } }),
  ],
  [
    "fraction",
    route({ retries: { attempts: 1.5 } }),
    "HED1103 spec.routes[0].retries.attempts: must be a whole number",
    route({ retries: { attempts: 0 } }),
  ],
];

export const POLICY_CASES: readonly PolicyCase[] = TABLE.map(([title, wrong, words, right]) => ({
  title,
  wrong,
  words,
  right,
}));
