/** What the analysis says of matches, held to the very matches that sidecars get, over random requests. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { RouteMatch, ValueMatch } from "../../src/api/traffic-policy.ts";
import { received, type Request } from "../../src/explain/request.ts";
import { firstFailure } from "../../src/explain/route-match.ts";
import { covers } from "../../src/model/analysis/coverage.ts";
import { neverMatching } from "../../src/model/analysis/never-matching.ts";
import { routeMatch } from "../../src/translate/match.ts";
import { snapshotOf } from "../support/manifests.ts";

const text = fc.constantFrom("a", "b", "ab", "ba", "aba");
const comparison = fc.oneof(
  fc.constantFrom("exact", "prefix", "suffix", "contains").chain((form) => text.map((value) => ({ [form]: value }))),
  fc.constantFrom({ regex: "a+b?" }, { present: true }, { present: false }),
);

function values(names: readonly string[]): fc.Arbitrary<ValueMatch[]> {
  const named = fc
    .tuple(fc.constantFrom(...names), comparison)
    .map(([name, given]): ValueMatch => ({ name, ...given }));
  return fc.array(named, { maxLength: 2 });
}

const path = fc.oneof(
  fc.constantFrom("/", "/a", "/a/", "/ab", "/a/b").map((prefix) => ({ prefix })),
  fc.constantFrom("/", "/a", "/a/", "/a/b", "/shop.v1.Cart/Get").map((exact) => ({ exact })),
  fc.constantFrom("/a.*", "a/b", "/a/?b?", "/a\\?q=a").map((regex) => ({ regex })),
);

const matches: fc.Arbitrary<RouteMatch> = fc.record(
  {
    path,
    method: fc.constantFrom("GET", "POST"),
    headers: values(["x-a", "X-A", "x-b", "Keep-Alive"]),
    query: values(["q", "r"]),
    cookies: values(["c", "d"]),
  },
  { requiredKeys: [] },
);
const grpc = fc.constantFrom<RouteMatch>(
  { grpc: { service: "shop.v1.Cart" } },
  { grpc: { service: "shop.v1.Cart", method: "Get" } },
);
const match = fc.oneof({ arbitrary: matches, weight: 8 }, grpc);

/** Two matches, of which the second one often asks for what the first one does, and more. */
const pairs = fc.oneof(
  fc.tuple(match, match),
  fc
    .tuple(matches, matches)
    .map(([wide, more]): [RouteMatch, RouteMatch] => [
      wide,
      { ...more, ...wide, headers: [...(wide.headers ?? []), ...(more.headers ?? [])] },
    ]),
);

const maybe = (name: string): fc.Arbitrary<readonly string[]> =>
  fc.option(text).map((value) => (value === null ? [] : [`${name}=${value}`]));
const requests = fc
  .record({
    method: fc.constantFrom("GET", "POST"),
    path: fc.constantFrom("/", "/a", "/a/", "/ab", "/a/b", "/b", "/shop.v1.Cart/Get", "/shop.v1.Cart/Put"),
    query: fc.tuple(maybe("q"), maybe("r")),
    cookies: fc.tuple(maybe("c"), maybe("d")),
    headers: fc.record({ "x-a": text, "x-b": text }, { requiredKeys: [] }),
  })
  .map((r): Request => {
    const query = r.query.flat().join("&");
    const cookie = r.cookies.flat().join("; ");
    const got = received({
      method: r.method,
      authority: "checkout",
      path: query === "" ? r.path : `${r.path}?${query}`,
      headers: [...Object.entries(r.headers), ...(cookie === "" ? [] : [["cookie", cookie] as const])],
    });
    if ("refused" in got) throw new Error(got.refused);
    return got;
  });

const holds = (one: RouteMatch, request: Request): boolean => firstFailure(routeMatch(one), request) === undefined;

test("what one match covers, another one never gets", () => {
  let covered = 0;
  fc.assert(
    fc.property(pairs, fc.array(requests, { minLength: 8, maxLength: 8 }), ([wide, narrow], several) => {
      if (!covers(wide, narrow)) return;
      for (const request of several) {
        if (!holds(narrow, request)) continue;
        covered++;
        expect(holds(wide, request)).toBe(true);
      }
    }),
    { numRuns: 20_000 },
  );
  expect(covered).toBeGreaterThan(500);
});

test("a match covers itself", () => {
  fc.assert(
    fc.property(match, (one) => {
      expect(covers(one, one)).toBe(true);
    }),
  );
});

test("what is said to match nothing matches nothing", () => {
  const { policies } = snapshotOf(`
apiVersion: heddle.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: a, namespace: shop }
spec: { targetRefs: [{ kind: Service, name: a }] }
`);
  const policy = policies.get("shop/a")!;
  let found = 0;
  fc.assert(
    fc.property(match, fc.array(requests, { minLength: 20, maxLength: 20 }), (one, several) => {
      const findings = neverMatching({ ...policy, spec: { ...policy.spec, routes: [{ match: [one] }] } });
      if (findings.length === 0) return;
      found++;
      for (const request of several) expect(holds(one, request)).toBe(false);
    }),
    { numRuns: 5000 },
  );
  expect(found).toBeGreaterThan(500);
});
