import { describe, expect, it } from "vitest";
import { type Cell, cellName, type ServerKind } from "./cells.ts";
import { FIGURES, growthOf, medianOf, type Row, rowsOf } from "./figures.ts";
import type { Sample } from "./load.ts";

const LARGEST: Cell = { mode: "delta", sidecars: 1000, services: 1000 };

function rows(cells: readonly Cell[], values: Readonly<Record<ServerKind, readonly number[]>>): Row[] {
  const of = (kind: ServerKind): Sample[] => [Object.fromEntries(FIGURES.map(({ key }) => [key, values[kind]]))];
  const samples = { heddle: of("heddle"), snapshot: of("snapshot"), linear: of("linear") };
  return rowsOf(cells, new Map(cells.map((cell) => [cellName(cell), samples])));
}

describe("figures of the benchmark", () => {
  it("takes the median, of an even number the mean of the middle two", () => {
    expect(medianOf([5, 1, 3])).toEqual({ median: 3, min: 1, max: 5, samples: 3 });
    expect(medianOf([4, 1, 2, 100]).median).toBe(3);
  });

  it("compares with the better of the peer's caches", () => {
    const [row] = rows([LARGEST], { heddle: [10], snapshot: [40], linear: [20] });
    expect(row).toMatchObject({ ratio: 0.5, peer: { cache: "linear", median: 20 } });
  });

  it("judges Delta in the largest mesh only, and misses are misses", () => {
    const small: Cell = { ...LARGEST, services: 100 };
    const all = rows([LARGEST, small], { heddle: [10], snapshot: [40], linear: [20] });
    const judged = all.filter(({ aim }) => aim !== undefined);
    expect(judged.every(({ services }) => services === 1000)).toBe(true);
    expect(judged.map(({ case: name, figure, met }) => [name, figure, met])).toEqual([
      ["cold start", "until the last sidecar is configured", true],
      ["endpoint change", "p50", false],
      ["endpoint change", "CPU", false],
      ["route change", "p50", true],
      ["memory", "per sidecar, after a collection", false],
    ]);
  });

  it("tells how an endpoint change grows, where both sizes were measured", () => {
    const sizes: Cell[] = [LARGEST, { ...LARGEST, services: 100 }, { ...LARGEST, sidecars: 100 }];
    const grown = growthOf(rows(sizes, { heddle: [10], snapshot: [40], linear: [20] }));
    expect(grown.map(({ figure, ratio, met }) => [figure, ratio, met])).toEqual([
      ["p50", 1, true],
      ["p50", 1, true],
      ["CPU", 1, true],
      ["CPU", 1, true],
    ]);
    expect(growthOf(rows([LARGEST], { heddle: [10], snapshot: [40], linear: [20] }))).toEqual([]);
  });

  it("gives no verdict where nothing was measured", () => {
    const all = rows([LARGEST], { heddle: [], snapshot: [], linear: [] });
    expect(all.length).toBe(FIGURES.length);
    expect(all.filter(({ met }) => met !== undefined)).toEqual([]);
  });
});
