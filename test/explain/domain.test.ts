import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { matchHost, withoutPort } from "../../src/explain/domain.ts";
import { RouteConfigurationSchema } from "../../src/gen/envoy/config/route/v3/route_pb.ts";

const DOMAINS = ["a.example", "*.example", "*.b.example", "a.*", "a.b.*", "*", "[::1]"];

function domainOf(host: string, ignorePortInHostMatching: boolean, domains = DOMAINS): string | undefined {
  const virtualHosts = domains.map((domain) => ({ name: domain, domains: [domain] }));
  return matchHost(create(RouteConfigurationSchema, { virtualHosts, ignorePortInHostMatching }), host)?.domain;
}

test.each([
  ["a.example", "a.example"],
  ["A.Example", "a.example"],
  ["b.example", "*.example"],
  ["x.b.example", "*.b.example"],
  ["a.b.example", "*.b.example"],
  ["a.c", "a.*"],
  ["a.b.c", "a.b.*"],
  [".example", "*.example"],
  ["elsewhere", "*"],
  ["", "*"],
  ["*", "*"],
])("%j is of %j", (host, domain) => {
  expect(domainOf(host, false)).toBe(domain);
});

test("a port counts unless the table leaves it out", () => {
  expect(domainOf("a.example:80", false)).toBe("a.*");
  expect(domainOf("a.example:80", true)).toBe("a.example");
  expect(domainOf("[::1]:80", true)).toBe("[::1]");
});

test("without a domain for all there may be none", () => {
  expect(domainOf("elsewhere", false, ["a.example", "*.example"])).toBeUndefined();
});

test.each([
  ["a:80", "a"],
  ["a", "a"],
  ["[::1]", "[::1]"],
  ["[::1]:80", "[::1]"],
])("%s without its port is %s", (authority, host) => {
  expect(withoutPort(authority)).toBe(host);
});
