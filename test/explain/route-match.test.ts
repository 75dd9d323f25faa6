/** The first thing that did not fit, in words. */
import { expect, test } from "vitest";
import { routeMatch as schema } from "../../src/api/policy-match.ts";
import { received, type Request, type SentRequest } from "../../src/explain/request.ts";
import { firstFailure, matchWords } from "../../src/explain/route-match.ts";
import { routeMatch } from "../../src/translate/match.ts";

const SENT: SentRequest = {
  method: "GET",
  authority: "checkout",
  path: "/a/b?q=1&q=2&empty",
  headers: [
    ["X-A", "1"],
    ["x-b", "1"],
    ["x-b", "2"],
    ["cookie", "user=ann; u=1"],
  ],
};

function seen(sent: SentRequest): Request {
  const request = received(sent);
  if ("refused" in request) throw new Error(request.refused);
  return request;
}

/** @param match as in a manifest */
function failure(match: object): string | undefined {
  return firstFailure(routeMatch(schema.parse(match)), seen(SENT));
}

test.each<[object, string | undefined]>([
  [{}, undefined],
  [{ path: { exact: "/a/b" } }, undefined],
  [{ path: { exact: "/a" } }, 'path must be "/a"; it is "/a/b"'],
  [{ path: { prefix: "/a" } }, undefined],
  [{ path: { prefix: "/a/b/" } }, undefined],
  [{ path: { prefix: "/a/bc" } }, 'path must be "/a/bc" or below it; it is "/a/b"'],
  [{ path: { regex: "/a" } }, 'path must match /a; it is "/a/b"'],
  [{ method: "GET" }, undefined],
  [{ method: "POST" }, 'method must be "POST"; it is "GET"'],
  [{ headers: [{ name: "x-a", exact: "1" }] }, undefined],
  [{ headers: [{ name: "x-a", exact: "2" }] }, 'header x-a must be "2"; it is "1"'],
  [{ headers: [{ name: "x-a", prefix: "2" }] }, 'header x-a must start with "2"; it is "1"'],
  [{ headers: [{ name: "x-a", suffix: "2" }] }, 'header x-a must end with "2"; it is "1"'],
  [{ headers: [{ name: "x-a", contains: "2" }] }, 'header x-a must contain "2"; it is "1"'],
  [{ headers: [{ name: "x-a", regex: "[2-9]" }] }, 'header x-a must match [2-9]; it is "1"'],
  [{ headers: [{ name: "x-a", exact: "" }] }, 'header x-a must be empty; it is "1"'],
  [{ headers: [{ name: "x-a", present: false }] }, 'header x-a must be missing; it is "1"'],
  [{ headers: [{ name: "x-c", present: true }] }, "header x-c must be there; it is missing"],
  [{ headers: [{ name: "x-b", exact: "2" }] }, undefined],
  [{ headers: [{ name: "x-b", exact: "3" }] }, 'header x-b must be "3"; it is "1" and "2"'],
  [{ query: [{ name: "q", exact: "1" }] }, undefined],
  [{ query: [{ name: "q", exact: "2" }] }, 'query parameter q must be "2"; it is "1"'],
  [{ query: [{ name: "empty", present: true }] }, undefined],
  [{ query: [{ name: "empty", present: false }] }, 'query parameter empty must be missing; it is ""'],
  [{ query: [{ name: "r", present: true }] }, "query parameter r must be there; it is missing"],
  [{ cookies: [{ name: "user", exact: "ann" }] }, undefined],
  [{ cookies: [{ name: "user", exact: "bob" }] }, 'cookie user must be "bob"; it is "ann"'],
  [{ cookies: [{ name: "user", prefix: "b" }] }, 'cookie user must start with "b"; it is "ann"'],
  [{ cookies: [{ name: "user", suffix: "b" }] }, 'cookie user must end with "b"; it is "ann"'],
  [{ cookies: [{ name: "user", contains: "b" }] }, 'cookie user must contain "b"; it is "ann"'],
  [{ cookies: [{ name: "user", regex: "b|c" }] }, 'cookie user must match b|c; it is "ann"'],
  [{ cookies: [{ name: "user", present: false }] }, 'cookie user must be missing; it is "ann"'],
  [{ cookies: [{ name: "a.b", present: true }] }, "cookie a.b must be there; it is missing"],
  [
    { path: { prefix: "/a" }, headers: [{ name: "x-a", exact: "2" }], method: "POST" },
    'method must be "POST"; it is "GET"',
  ],
])("%j", (match, words) => {
  expect(failure(match)).toBe(words);
});

test("long values are cut and stay on one line", () => {
  const request = seen({ ...SENT, headers: [["x-a", `\t${"é".repeat(100)}`]] });
  const match = routeMatch(schema.parse({ headers: [{ name: "x-a", exact: "1" }] }));
  expect(firstFailure(match, request)).toBe(`header x-a must be "1"; it is "${"é".repeat(80)}…"`);
});

test("says what a route is for", () => {
  const match = { path: { prefix: "/a" }, method: "GET", query: [{ name: "q", present: true }] };
  expect(matchWords(routeMatch(schema.parse(match)))).toBe(
    'path must be "/a" or below it, method must be "GET", query parameter q must be there',
  );
  expect(matchWords(routeMatch({}))).toBe("every request");
});
