/** Random policies and requests out of a small alphabet, so that routes overlap and requests meet them now and then. */
import fc from "fast-check";
import type { SentRequest } from "../../src/explain/request.ts";

/** A route of a policy, as in a manifest; its name comes back in the header `x-route` of answers. */
type Fields = Readonly<Record<string, unknown>>;

const VALUES = ["", "1", "12", "21", "a", "A", "a.b", "é", "a;b", "x,y"];
const REGEXES = ["1.*", "[^1]*", "(?i)a", "\\w+", "a|1", ".", "..", "(?:1|a)2?", "[[:alpha:]]*", "\\pL"];
const PATH_REGEXES = [
  "/a(/.*)?",
  "/[ab]+",
  "(?i)/A.*",
  "/\\w*",
  "/a|/b",
  ".*b",
  "/[^/]*/b",
  "(?i:/a)(?-i:/B)?",
  "/\\Qa\\E",
];
const HEADERS = ["x-a", "x-b", "X-C", "accept", "host", "te", "x-forwarded-proto", "connection", "user-agent"];
const COOKIES = ["user", "u", "a.b"];
const QUERY = ["q", "r", "a b"];
const PATHS = ["/", "/a", "/a/", "/a/b", "/ab", "/b", "/A", "/a/b/c", "/é"];
/** A text that a pattern matches. */
export const EXAMPLES: Readonly<Record<string, string>> = Object.fromEntries([
  ...["12", "a", "A", "a1", "1", "a", "12", "12", "aA", "a"].map((text, index) => [REGEXES[index], text]),
  ...["/a/b", "/ab", "/a/b", "/ab", "/b", "/a/b", "/a/b", "/A/B", "/a"].map((text, index) => [
    PATH_REGEXES[index],
    text,
  ]),
]);

const value = fc.constantFrom(...VALUES);
const text = fc.constantFrom(...VALUES.filter((v) => v !== ""));

function comparison(name: fc.Arbitrary<string>): fc.Arbitrary<Fields> {
  const how = fc.oneof(
    fc.record({ exact: value }),
    fc.record({ prefix: text }),
    fc.record({ suffix: text }),
    fc.record({ contains: text }),
    fc.record({ regex: fc.constantFrom(...REGEXES) }),
    fc.record({ present: fc.boolean() }),
  );
  return fc.tuple(name, how).map(([n, h]) => ({ name: n, ...h }));
}

function few<T>(item: fc.Arbitrary<T>): fc.Arbitrary<T[] | undefined> {
  return fc.oneof(
    { arbitrary: fc.constant(undefined), weight: 3 },
    { arbitrary: fc.array(item, { minLength: 1, maxLength: 2 }), weight: 1 },
  );
}

function maybe<T>(item: fc.Arbitrary<T>, often = 1): fc.Arbitrary<T | undefined> {
  return fc.oneof({ arbitrary: fc.constant(undefined), weight: 10 }, { arbitrary: item, weight: 10 * often });
}

const prefixPath = fc.constantFrom(...PATHS).map((prefix) => ({ prefix }));
const anyPath = fc.oneof(
  prefixPath,
  fc.constantFrom(...PATHS).map((exact) => ({ exact })),
  fc.constantFrom(...PATH_REGEXES).map((regex) => ({ regex })),
);
/** Some mean the pod that sends all requests (`web` in namespace `shop`), some do not. */
const CALLERS = [
  { namespaces: ["shop"] },
  { namespaces: ["other"] },
  { serviceAccounts: ["default", "x"] },
  { namespaces: ["shop", "other"], labels: { team: "a" } },
  { labels: { team: "b" } },
];
const METHODS = ["GET", "POST", "HEAD", "OPTIONS", "DELETE", "CONNECT"];

function matchOf(path: fc.Arbitrary<unknown>, always: boolean): fc.Arbitrary<Fields> {
  return fc.record({
    path: always ? path : maybe(path),
    headers: few(comparison(fc.constantFrom(...HEADERS))),
    query: few(comparison(fc.constantFrom(...QUERY))),
    cookies: few(comparison(fc.constantFrom(...COOKIES))),
    method: maybe(fc.constantFrom(...METHODS), 0.3),
    from: maybe(fc.constantFrom(...CALLERS), 0.2),
  });
}

const somewhere = fc.oneof(
  fc.constant({}),
  fc.record({ split: fc.constantFrom([{ subset: "v1" }], [{ subset: "v2" }]) }),
  fc.record({
    split: fc.integer({ min: 1, max: 3 }).map((weight) => [
      { subset: "v1", weight },
      { subset: "v2", weight: 1 },
    ]),
  }),
  fc.record({
    split: fc.constant([
      { subset: "v1", weight: 1 },
      { subset: "v2", weight: 0 },
    ]),
  }),
  fc.record({ split: fc.constant([{ subset: "nobody" }]) }),
  fc.constantFrom({ header: "x-a" }, { query: "q" }, { cookie: "u" }, { cookie: "user", ttl: "1h" }).map((sticky) => ({
    split: [
      { subset: "v1", weight: 1 },
      { subset: "v2", weight: 2 },
    ],
    sticky,
  })),
);
const plain = fc.oneof(
  somewhere,
  fc.tuple(somewhere, fc.constantFrom("/x/", "\\1-\\0")).map(([to, substitution]) => ({
    ...to,
    rewrite: { regex: { pattern: "/(a|b)", substitution }, host: "inner.example" },
  })),
  fc.record({
    directResponse: fc.record({ status: fc.constantFrom(200, 403, 418), body: fc.constantFrom("no", "short") }),
  }),
  fc.record({
    redirect: fc.oneof(
      fc.record({ host: fc.constant("new.example"), status: fc.constantFrom(301, 307) }),
      fc.record({ scheme: fc.constantFrom("http", "https") }),
      fc.record({ port: fc.constant(8443), path: fc.constant("/gone") }),
    ),
  }),
  fc.record({ cors: fc.constant({ allowOrigins: [{ exact: "https://a.example" }, { regex: "https://b.*" }] }) }),
);
const prefixed = fc
  .constantFrom("/", "/new", "/new/")
  .chain((prefix) => fc.oneof(fc.constant({ rewrite: { prefix } }), fc.constant({ redirect: { prefix } })));

const route = fc.oneof(
  { arbitrary: fc.tuple(fc.array(matchOf(anyPath, false), { minLength: 1, maxLength: 2 }), plain), weight: 5 },
  { arbitrary: fc.tuple(fc.array(matchOf(prefixPath, true), { minLength: 1, maxLength: 2 }), prefixed), weight: 1 },
  { arbitrary: fc.tuple(fc.constant(undefined), plain), weight: 1 },
);

/** The spec of a policy without targets; subsets are `v1`, `v2` and `nobody`. */
export const arbitrarySpec: fc.Arbitrary<Fields> = fc.array(route, { minLength: 1, maxLength: 6 }).map((routes) => ({
  subsets: ["v1", "v2", "nobody"].map((version) => ({ name: version, labels: { version } })),
  routes: routes.map(([match, action], index) => ({
    name: `r${index}`,
    ...(match && { match: match.map(withoutUndefined) }),
    ...action,
    headers: { response: { set: [{ name: "x-route", value: `r${index}` }] } },
  })),
}));

function withoutUndefined(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, v]) => v !== undefined));
}

const SENT_PATHS = [
  ...PATHS.filter((path) => path !== "/é"),
  "/%C3%A9",
  "/a/../b",
  "/%61",
  "//a",
  "/a/./b",
  "/a/%2e%2e/b",
];
const ODD_PATHS = ["/a/..;x/b", "/a%2fb", "/a\\b", "/a%zz", "/a<b", "/a%00", "/a#b", "/a/b/..", "/a/a/b"];
const PAIRS = ["q=1", "q=", "q", "q=12", "r=a", "r=A", "q=a.b", "a%20b=1", "q=%C3%A9", "Q=1", "", "q=a;b", "r=21"];

const path = fc
  .tuple(
    fc.oneof(
      { arbitrary: fc.constantFrom(...SENT_PATHS), weight: 6 },
      { arbitrary: fc.constantFrom(...ODD_PATHS), weight: 1 },
    ),
    fc.option(fc.array(fc.constantFrom(...PAIRS), { maxLength: 3 }), { nil: undefined }),
  )
  .map(([before, query]) => (query ? `${before}?${query.join("&")}` : before));

const pair = fc
  .tuple(
    fc.constantFrom(...COOKIES, "superuser"),
    value.filter((v) => !v.includes(";")),
  )
  .map((kv) => kv.join("="));
const cookies = fc
  .array(pair, { minLength: 1, maxLength: 3 })
  .chain((pairs) => fc.constantFrom("; ", ";", " ;\t").map((between) => ["cookie", pairs.join(between)] as const));
const SENDABLE = HEADERS.filter((name) => !["host", "connection", "te"].includes(name));
const header: fc.Arbitrary<readonly [string, string]> = fc.oneof(
  { arbitrary: fc.tuple(fc.constantFrom(...SENDABLE), value), weight: 6 },
  { arbitrary: cookies, weight: 2 },
  {
    arbitrary: fc.constantFrom<[string, string]>(
      ["te", "trailers"],
      ["te", "a"],
      ["te", "a, trailers"],
      ["te", ""],
      ["x-forwarded-proto", "https"],
      ["origin", "https://a.example"],
      ["origin", "https://bb"],
      ["origin", "https://c"],
      ["access-control-request-method", "GET"],
    ),
    weight: 1,
  },
);

/** A request whose host is made of a service's names by the one who sends it. */
export const arbitraryRequest: fc.Arbitrary<Omit<SentRequest, "authority">> = fc.record({
  method: fc.oneof(
    { arbitrary: fc.constant("GET"), weight: 3 },
    { arbitrary: fc.constantFrom(...METHODS.slice(1, 5)), weight: 2 },
  ),
  path,
  headers: fc.array(header, { maxLength: 4 }),
});
