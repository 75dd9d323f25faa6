import { expect, test } from "vitest";
import { closest } from "../../src/api/suggest.ts";

test.each([
  ["timeOut", ["timeout", "retries"], "timeout"],
  ["retires", ["timeout", "retries"], "retries"],
  ["canray", ["stable", "canary"], "canary"],
  ["outlierDetecton", ["outlierDetection"], "outlierDetection"],
  ["zzz", ["timeout", "retries"], undefined],
  ["b", ["a"], undefined],
  ["A", ["a"], "a"],
  ["", ["a"], undefined],
  ["cart2", ["cart3", "cart1"], "cart1"],
  ["cart2", ["cart1", "cart3"], "cart1"],
])("%s among %j is %s", (name, known, meant) => {
  expect(closest(name, known)).toBe(meant);
});
