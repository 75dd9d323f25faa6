/** What becomes of a request before routes are looked at; all of it was seen at a real Envoy. */
import { describe, expect, test } from "vitest";
import { normalizedPath } from "../../src/explain/path.ts";
import { queryParameter, received, type Request, type SentRequest } from "../../src/explain/request.ts";

function seen(sent: Partial<SentRequest>): Request {
  const request = received({ method: "GET", authority: "a", path: "/", headers: [], ...sent });
  if ("refused" in request) throw new Error(request.refused);
  return request;
}

test.each([
  ["/", "/"],
  ["/a/../b", "/b"],
  ["/a/./b/..", "/a/"],
  ["/a/%2e%2E/b", "/b"],
  ["/../..", "/"],
  ["/%61%7e", "/a~"],
  ["/a%2fb", "/a%2fb"],
  ["/a\\b", "/a/b"],
  ["//a", "//a"],
  ["/a<b", "/a%3Cb"],
  ["/é", "/%C3%A9"],
  ["/a/..;x/b", "/b"],
  ["/%00", undefined],
])("path %s becomes %s", (path, normal) => {
  expect(normalizedPath(path)).toBe(normal);
});

describe("headers", () => {
  test("of next hops and of Envoy's own are gone", () => {
    const headers = [
      ["connection", "close"],
      ["te", "gzip"],
      ["x-envoy-max-retries", "9"],
      ["x-a", " 1 "],
    ] as const;
    const request = seen({ headers });
    expect(["connection", "te", "x-envoy-max-retries", "x-a"].map((name) => request.headers.get(name))).toEqual([
      undefined,
      undefined,
      undefined,
      ["1"],
    ]);
  });

  test("that ask for a WebSocket stay", () => {
    const headers = [["connection", "Upgrade"] as const, ["upgrade", "websocket"] as const];
    expect(seen({ headers }).headers.get("upgrade")).toEqual(["websocket"]);
  });

  test("that stand twice are joined where Envoy knows the name", () => {
    const headers = ["accept", "x-a"].flatMap((name) => ["1", "2"].map((value) => [name, value] as const));
    const request = seen({ headers });
    expect(request.headers.get("accept")).toEqual(["1,2"]);
    expect(request.headers.get("x-a")).toEqual(["1", "2"]);
  });
});

test.each([
  [{ path: "/a#b" }, "a path must not hold #"],
  [{ path: "/%00" }, "a path must not hold %00"],
  [{ authority: "a b" }, "the Host header is not a host"],
])("%j is refused", (sent, refused) => {
  expect(received({ method: "GET", authority: "a", path: "/", headers: [], ...sent })).toEqual({ refused });
});

test.each([
  ["a.shop.svc.cluster.local.", "a.shop.svc.cluster.local"],
  ["a.shop.svc.cluster.local.:80", "a.shop.svc.cluster.local:80"],
  ["a.:80", "a:80"],
  ["a..", "a."],
  ["a.b:80", "a.b:80"],
  ["10.0.0.1:80", "10.0.0.1:80"],
  ["[::ffff:10.0.0.1]:80", "[::ffff:10.0.0.1]:80"],
])("of the host %s one dot at the end is gone", (authority, without) => {
  const request = seen({ authority });
  expect([request.authority, request.headers.get(":authority")]).toEqual([without, [without]]);
});

test("of several query parameters of one name the first counts, escapes and all", () => {
  const request = seen({ path: "/?a%20b=1&q=%31&q=2&r" });
  expect(["a%20b", "a b", "q", "r", "s"].map((name) => queryParameter(request, name))).toEqual([
    "1",
    undefined,
    "%31",
    "",
    undefined,
  ]);
});
