import { describe, expect, test } from "vitest";
import { regexProblem } from "../../src/base/regex.ts";

describe("what RE2 compiles passes", () => {
  test.each([
    "",
    "a",
    "/users/[0-9]+",
    "^/api/v[12]/.*$",
    "(?i)beta",
    "(?i:a)b",
    "(?P<id>\\d+)",
    "(?<id>\\d+)",
    "a{2,5}?",
    "x{,3}",
    "[]a]",
    "[^]a]",
    "[a-]",
    "[[:alpha:]_]",
    "[\\d-x]",
    "\\pL\\p{Greek}",
    "\\Qa+b\\E",
    "\\x41\\x{41}",
    "a|",
    "|",
    "(|a)*",
    "\\_",
    "é+",
    "\\.",
    "[\\]]",
    "(a|b)*?c",
    "(?:a{10}){100}",
    "\\bword\\b",
    "{",
    "a{",
    "\\z",
  ])("%s", (pattern) => {
    expect(regexProblem(pattern)).toBeUndefined();
  });
});

describe("what RE2 refuses has a reason", () => {
  test.each([
    ["(?=a)", "lookaround"],
    ["(?!a)", "lookaround"],
    ["(?<=a)", "lookaround"],
    ["(?<!a)", "lookaround"],
    ["(a)\\1", "backreference"],
    ["(?P<n>a)\\k<n>", "backreference"],
    ["(a", "( without a )"],
    ["a)", ") without a ("],
    ["[a", "[ without a ]"],
    ["[z-a]", "end is below its start"],
    ["[a-\\d]", "end is below its start"],
    ["*a", "nothing before it"],
    ["a|+", "nothing before it"],
    ["{2}", "nothing before it"],
    ["(?i)*", "flags alone"],
    ["a**", "repeats a repetition"],
    ["a++", "repeats a repetition"],
    ["a{2}{3}", "repeats a repetition"],
    ["a{1001}", "more than 1000"],
    ["(a{100}){11}", "nested"],
    ["a{3,2}", "below its start"],
    ["a\\", "single \\"],
    ["\\e", "escape \\e"],
    ["\\é", "escape \\é"],
    ["[\\b]", "escape \\b inside"],
    ["\\p{Foo}", "\\p class"],
    ["\\p", "\\p class"],
    ["\\x{1F600}", "not a byte"],
    ["\\xg1", "not a byte"],
    ["[[:foo:]]", "class [:foo:]"],
    ["(?#c)", "does not know"],
    ["(?P<a>x)(?P<a>y)", "two groups a"],
    ["x{1000}".repeat(40), "too large"],
    ["(".repeat(200) + ")".repeat(200), "too deeply"],
  ])("%s", (pattern, reason) => {
    expect(regexProblem(pattern)).toContain(reason);
  });
});
