import { describe, expect, test } from "vitest";
import { parseObject } from "../../src/api/parse-object.ts";
import { POLICY_CASES, route, TARGET } from "../support/policy-cases.ts";

function mistakes(spec: object): readonly string[] {
  const parsed = parseObject({
    apiVersion: "heddle.dev/v1alpha1",
    kind: "TrafficPolicy",
    metadata: { name: "p", namespace: "shop" },
    spec: { targetRefs: TARGET, ...spec },
  });
  if (parsed.outcome === "ignored") throw new Error("ignored");
  return parsed.outcome === "object" ? [] : parsed.diagnostics.map((d) => `${d.code} ${d.path}: ${d.message}`);
}

describe("rules of a TrafficPolicy", () => {
  test.each(POLICY_CASES)("$title", ({ wrong, words, right }) => {
    expect(mistakes(wrong).join("\n")).toContain(words);
    expect(mistakes(right)).toEqual([]);
  });

  test("all mistakes of an object are told at once", () => {
    const wrong = {
      ...route({ timeout: "x", split: [{ subset: "a", weight: 2 }, { subset: "stable" }] }),
      connection: { idleTimeout: "y" },
    };
    expect(mistakes(wrong).map((line) => line.split(": ")[0])).toEqual([
      "HED1104 spec.routes[0].timeout",
      "HED1203 spec.routes[0].split[1].weight",
      "HED1104 spec.connection.idleTimeout",
      "HED1205 spec.routes[0].split[0].subset",
    ]);
  });

  test("an object with very many mistakes gets a bounded number of diagnostics", () => {
    const wrong = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`field-number-${i}`, 1]));
    expect(mistakes(wrong)).toHaveLength(50);
  });
});
