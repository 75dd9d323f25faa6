import { describe, expect, it } from "vitest";
import { type Chart, chartSheet } from "./chart.ts";

const CHART: Chart = {
  title: "Cost",
  xLabel: "sidecars",
  unit: "ms",
  series: [
    {
      name: "in proportion",
      main: true,
      points: [
        [100, 10],
        [1000, 100],
      ],
    },
    {
      name: "constant",
      main: false,
      points: [
        [100, 100],
        [1000, 100],
      ],
    },
  ],
};

/** The points of each line, in the order of the series. */
function lines(svg: string): number[][][] {
  return [...svg.matchAll(/<polyline points="([^"]*)"/g)].map(([, points]) =>
    points!.split(" ").map((point) => point.split(",").map(Number)),
  );
}

describe("charts of the benchmark", () => {
  it("draw a larger cost higher, and the same cost at the same height", () => {
    const [grows, constant] = lines(chartSheet([CHART]));
    expect(grows![0]![1]).toBeGreaterThan(grows![1]![1]!);
    expect(constant![0]![1]).toBe(constant![1]![1]);
    expect(grows![1]).toEqual(constant![1]);
  });

  it("keep labels apart where lines end at one place", () => {
    const svg = chartSheet([CHART]);
    const rows = ["in proportion", "constant"].map((name) =>
      Number(new RegExp(`y="([0-9.]+)"[^>]*><tspan[^>]*>${name}<`).exec(svg)?.[1]),
    );
    expect(Math.abs(rows[0]! - rows[1]!)).toBeGreaterThanOrEqual(15);
  });

  it("leave out a series that was not measured, and hold no value that is no number", () => {
    const [, second] = CHART.series;
    const svg = chartSheet([{ ...CHART, series: [{ name: "none", main: true, points: [] }, second!] }]);
    expect(lines(svg)).toHaveLength(1);
    expect(svg).not.toContain("NaN");
    expect(svg).not.toContain(">none<");
  });

  it("put two panels in a row", () => {
    const panels = [...chartSheet([CHART, CHART, CHART]).matchAll(/translate\(([0-9 ]+)\)/g)].map(([, at]) => at);
    expect(panels).toEqual(["0 0", "400 0", "0 270"]);
  });
});
