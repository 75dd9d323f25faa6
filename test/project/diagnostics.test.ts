/** Every mistake that the documentation shows is found, and the nearest thing that is right is left alone. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { analyzeCase } from "../../scripts/diagnostics/analyze.ts";
import { MISTAKE_CASES } from "../../scripts/diagnostics/cases.ts";
import { UNSHOWN } from "../../scripts/diagnostics/unshown.ts";
import { diagnosticsPage } from "../../scripts/diagnostics.ts";
import { DIAGNOSTIC_CODES } from "../../src/base/diagnostic-codes.ts";
import { formatDiagnostic } from "../../src/base/diagnostic.ts";

describe.each(MISTAKE_CASES.map((mistake) => [mistake.code, mistake] as const))("%s", (code, mistake) => {
  test("is found where it stands, and nothing else", async () => {
    const findings = await analyzeCase(mistake, "wrong");
    expect(findings.map((d) => d.code)).toContain(code);
    expect(new Set(findings.map((d) => d.code)), findings.map(formatDiagnostic).join("\n")).toEqual(new Set([code]));
  });

  test("is not found in what is right", async () => {
    expect((await analyzeCase(mistake, "right")).map(formatDiagnostic)).toEqual([]);
  });
});

test("every code has one case, or the reason why there is none to show", () => {
  const shown = MISTAKE_CASES.map(({ code }) => code);
  expect([...shown, ...Object.keys(UNSHOWN)].sort()).toEqual(Object.keys(DIAGNOSTIC_CODES).sort());
});

test("the page says what is printed, and all its links lead somewhere", async () => {
  const page = await diagnosticsPage();
  expect(readFileSync(resolve(import.meta.dirname, "../../docs/diagnostics.md"), "utf8")).toBe(page);
  const anchors = [...page.matchAll(/^##+ (.*)$/gm)].map(([, heading = ""]) =>
    heading.toLowerCase().replaceAll(" ", "-"),
  );
  for (const [, link = ""] of page.matchAll(/\]\(#([^)]*)\)/g)) expect(anchors).toContain(link);
});
