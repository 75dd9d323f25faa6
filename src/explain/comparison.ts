/** How Envoy compares texts, and how that is said in words. */
import type { StringMatcher } from "../gen/envoy/type/matcher/v3/string_pb.ts";
import { fullMatch } from "./re2.ts";

/** What a value must be, and whether it is. */
export interface Comparison {
  /** Goes on after "must" or "must not": `be "1"`. */
  readonly words: string;
  readonly holds: (value: string) => boolean;
}

export function comparisonOf({ matchPattern, ignoreCase }: StringMatcher): Comparison {
  const fold = (text: string): string => (ignoreCase ? text.toLowerCase() : text);
  const folded = ignoreCase ? ", in upper or lower case" : "";
  const by = (words: string, wanted: string, holds: (value: string, wanted: string) => boolean): Comparison => ({
    words: `${words} ${quoted(wanted)}${folded}`,
    holds: (value) => holds(fold(value), fold(wanted)),
  });
  const { case: form, value } = matchPattern;
  switch (form) {
    case "exact":
      return value === "" ? { ...by("be", "", Object.is), words: "be empty" } : by("be", value, Object.is);
    case "prefix":
      return by("start with", value, (text, wanted) => text.startsWith(wanted));
    case "suffix":
      return by("end with", value, (text, wanted) => text.endsWith(wanted));
    case "contains":
      return by("contain", value, (text, wanted) => text.includes(wanted));
    case "safeRegex":
      return regexComparison(value.regex);
    default:
      return { words: "meet a condition that is not understood here", holds: () => false };
  }
}

export function regexComparison(regex: string): Comparison {
  return { words: `match ${regex}`, holds: (value) => fullMatch(regex, value) };
}

/** Most of a value that is shown. */
const SHOWN = 80;

/** The value in quotes, on one line and no longer than can be read. */
export function quoted(value: string): string {
  return JSON.stringify(value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value);
}
