import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type ParseOutcome, parseObject } from "../../src/api/parse-object.ts";
import { parseManifests } from "../../src/source/directory/parse.ts";
import { GATEWAY_CASES, httpRoute } from "../support/gateway-cases.ts";

function linesOf(parsed: ParseOutcome): readonly string[] {
  if (parsed.outcome !== "invalid") return [];
  return parsed.diagnostics.map(({ code, path, message }) => `${code} ${path}: ${message}`);
}

describe("mistakes", () => {
  test.each(GATEWAY_CASES)("$title", ({ wrong, words, right }) => {
    expect(linesOf(parseObject(wrong)).join("\n")).toContain(words);
    expect(parseObject(right)).toMatchObject({ outcome: "object" });
  });
});

test("fields that nobody knows here are taken as they come", () => {
  const rule = { sessionPersistence: { sessionName: "s" }, retry: { attempts: 1 }, tomorrow: { x: 1 } };
  expect(parseObject(httpRoute(rule, { useDefaultGateways: "All" }))).toMatchObject({ outcome: "object" });
});

test.each([
  ["HTTPRoute", "gateway.networking.k8s.io/v1beta1", "object"],
  ["HTTPRoute", "gateway.networking.k8s.io/v1alpha2", "ignored"],
  ["TCPRoute", "gateway.networking.k8s.io/v1", "ignored"],
])("%s of %s", (kind, apiVersion, outcome) => {
  expect(parseObject({ ...httpRoute({}), kind, apiVersion }).outcome).toBe(outcome);
});

test("the example of the docs is a route", () => {
  const text = readFileSync(new URL("../../docs/gateway-api.md", import.meta.url), "utf8");
  const [, example = ""] = /```yaml\n([^`]+)```/.exec(text) ?? [];
  const { objects, diagnostics } = parseManifests("docs/gateway-api.md", example);
  expect(diagnostics).toEqual([]);
  expect(objects.map(({ object }) => object.kind)).toEqual(["HTTPRoute"]);
});
