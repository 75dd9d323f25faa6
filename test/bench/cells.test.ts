import { describe, expect, it } from "vitest";
import { cellName, FULL, parseCell } from "./cells.ts";

describe("cells of the benchmark", () => {
  it("are every size with every protocol, each once", () => {
    expect(new Set(FULL.cells.map(cellName)).size).toBe(8);
  });

  it("can be named on the command line", () => {
    expect(parseCell("sotw:100x1000")).toEqual({ mode: "sotw", sidecars: 100, services: 1000 });
    for (const text of ["delta", "grpc:1x1", "delta:0x10", "delta:10x10x10"])
      expect(() => parseCell(text), text).toThrow("no cell");
  });
});
