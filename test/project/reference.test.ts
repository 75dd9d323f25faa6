import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { policyReference } from "../../scripts/reference.ts";

const root = resolve(import.meta.dirname, "../..");

test("the reference is what the schemas say", () => {
  expect(readFileSync(join(root, "docs/policy-reference.md"), "utf8")).toBe(policyReference());
});

test("every section but the first two has an example, and every example is there", () => {
  const text = policyReference();
  const sections = text.split("\n## ").slice(1, -1);
  for (const section of sections.slice(2)) expect(section).toContain("Examples: [");
  for (const [, link = ""] of text.matchAll(/\]\((\.\.\/[^)]+)\)/g)) {
    expect(readFileSync(join(root, "docs", link), "utf8")).toContain("kind: TrafficPolicy");
  }
});
