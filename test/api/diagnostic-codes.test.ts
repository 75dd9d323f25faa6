import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { DIAGNOSTIC_CODES } from "../../src/base/diagnostic-codes.ts";
import { formatDiagnostic } from "../../src/base/diagnostic.ts";

const TABLE = "src/base/diagnostic-codes.ts";
const root = new URL("../../", import.meta.url);
const sources = globSync("src/**/*.ts", { cwd: root, exclude: ["src/gen/**"] }).filter((file) => file !== TABLE);
const used = new Map<string, string>();
for (const file of sources) {
  for (const [code] of readFileSync(new URL(file, root), "utf8").matchAll(/HED\d{4}/g)) used.set(code, file);
}

test("every code that the program uses is in the table", () => {
  expect(sources.length).toBeGreaterThan(30);
  const unknown = [...used].filter(([code]) => !Object.hasOwn(DIAGNOSTIC_CODES, code));
  expect(unknown).toEqual([]);
});

test("every code in the table is used", () => {
  expect(Object.keys(DIAGNOSTIC_CODES).filter((code) => !used.has(code))).toEqual([]);
});

test("titles and hints are sentences of their own", () => {
  const titles = Object.values(DIAGNOSTIC_CODES).map(({ title }) => title);
  expect(new Set(titles).size).toBe(titles.length);
  for (const { hint } of Object.values(DIAGNOSTIC_CODES)) expect(hint).toMatch(/^[A-Z].*\.$/);
});

test("a diagnostic reads as one line", () => {
  const ref = { kind: "TrafficPolicy", namespace: "shop", name: "checkout" };
  const path = "spec.routes[0].timeout";
  const about = { code: "HED1104", level: "error", ref, path, message: "must be short" } as const;
  expect(formatDiagnostic({ ...about, place: { file: "a.yaml", line: 12, column: 3 } })).toBe(
    "a.yaml:12: HED1104 error: TrafficPolicy shop/checkout: spec.routes[0].timeout: must be short",
  );
  expect(formatDiagnostic({ code: "HED1001", level: "error", path: "", message: "x" })).toBe("HED1001 error: x");
});
