import { expect, test } from "vitest";
import { fullMatch, replaceAll } from "../../src/explain/re2.ts";

test.each([
  ["a|b", "a", true],
  ["a|b", "ab", false],
  ["(?i)a(?-i)B", "AB", true],
  ["(?i)a(?-i)B", "Ab", false],
  ["(?i:a)b", "AB", false],
  ["(?P<x>a)+", "aa", true],
  ["\\Qa.b\\E", "a.b", true],
  ["\\Qa.b\\E", "axb", false],
  ["[[:alpha:]_]+", "a_", true],
  ["[[:^digit:]]", "1", false],
  ["[^a-c]", "b", false],
  ["[]a]", "]", true],
  ["[a-]", "-", true],
  [".", "\n", false],
  ["(?s).", "\n", true],
  ["..", "é", true],
  [".", "é", false],
  ["é", "é", true],
  ["\\x{41}\\101", "AA", false],
  ["\\pL\\p{Latin}\\P{N}", "aaa", true],
  ["\\p{^L}", "a", false],
  ["(?m)^a$", "a", true],
  ["a{2}", "aa", true],
  ["a{2,}?", "a", false],
  ["\\w\\W\\d\\D\\s\\S", "a.1a b", true],
  ["\\bfoo\\b", "foo", true],
])("%s on %j: %s", (pattern, text, holds) => {
  expect(fullMatch(pattern, text)).toBe(holds);
});

test("groups in substitutions", () => {
  expect(replaceAll("/(a|b)", "/a/c/b", "<\\1:\\0>\\\\")).toBe("<a:/a>\\/c<b:/b>\\");
});
