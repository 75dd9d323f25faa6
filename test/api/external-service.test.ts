import { expect, test } from "vitest";
import { parseObject } from "../../src/api/parse-object.ts";
import { EXTERNAL_CASES, externalService } from "../support/external-service-cases.ts";

function mistakes(spec: object): readonly string[] {
  const parsed = parseObject(externalService(spec));
  if (parsed.outcome === "ignored") throw new Error("ignored");
  return parsed.outcome === "object" ? [] : parsed.diagnostics.map((d) => `${d.code} ${d.path}: ${d.message}`);
}

test.each(EXTERNAL_CASES)("$title", ({ wrong, words, right }) => {
  expect(mistakes(wrong).join("\n")).toContain(words);
  expect(mistakes(right)).toEqual([]);
});
