import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { chartSheet } from "./chart.ts";
import { FULL } from "./cells.ts";
import { chartsOf, type Performance, performancePage } from "./document.ts";
import { FIGURES, growthOf } from "./figures.ts";

const DOCS = join(import.meta.dirname, "..", "..", "docs");

function doc(name: string): string {
  return readFileSync(join(DOCS, name), "utf8");
}

const performance = JSON.parse(doc("performance.json")) as Performance;
const { rows, growth, scoped, scopes, limits } = performance;

describe("docs/performance", () => {
  it("holds every figure of every cell", () => {
    expect(rows).toHaveLength(FIGURES.length * FULL.cells.length);
    for (const row of rows) expect(row.heddle.samples, `${row.case}: ${row.figure}`).toBeGreaterThan(0);
    expect(scopes.length).toBeGreaterThan(0);
    expect(scoped.length).toBeGreaterThan(0);
    for (const { figure, heddle } of limits) expect(heddle.samples, figure).toBeGreaterThan(0);
  });

  it("says in Markdown and in the chart what the JSON says", () => {
    expect(performancePage(performance)).toBe(doc("performance.md"));
    expect(chartSheet(chartsOf(rows))).toBe(doc("performance.svg"));
  });

  it("judges by the figures it shows", () => {
    const judged = rows.filter(({ aim }) => aim !== undefined);
    expect(judged.length).toBe(FIGURES.filter(({ aim }) => aim !== undefined).length);
    for (const { ratio, aim = 0, met, heddle, peer } of judged) {
      expect(Math.abs(ratio - heddle.median / peer.median)).toBeLessThanOrEqual(ratio * 0.01);
      expect(met).toBe(ratio <= aim);
    }
    expect(growthOf(rows)).toEqual(growth);
    for (const { heddle, ratio, aim = Infinity, by, met = true } of scoped)
      expect(met).toBe((by === "ratio" ? ratio : heddle.median) <= aim);
    const limited = limits.filter(({ aim }) => aim !== undefined);
    for (const { heddle, aim = 0, met } of limited) expect(met).toBe(heddle.median <= aim);
  });
});
