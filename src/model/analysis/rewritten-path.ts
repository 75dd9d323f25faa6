import type { Diagnostic } from "../../base/diagnostic.ts";
import { finding, ofRoutes } from "./subject.ts";

/** Rewrites after which the path does not begin with a slash: most servers answer such a request with 400. */
export const rewrittenPaths = ofRoutes((policy, { rewrite }, path): readonly Diagnostic[] => {
  const { pattern, substitution } = rewrite?.regex ?? {};
  if (pattern === undefined || substitution === undefined || !takesSlash(pattern)) return [];
  if (!losesSlash(pattern, substitution)) return [];
  const shown = substitution === "" ? "nothing" : `"${substitution}"`;
  const message = `puts ${shown} in the place of the path's first /: what is left does not begin with /`;
  return [finding(policy, "HED1361", `${path}.rewrite.regex.substitution`, message)];
});

/** It can only match at the path's beginning, and takes the slash there. Alternatives are not judged. */
function takesSlash(pattern: string): boolean {
  return /^\^\\?\/(?![?*{])/.test(pattern) && !pattern.includes("|");
}

function losesSlash(pattern: string, substitution: string): boolean {
  const group = /^\\([1-9])/.exec(substitution)?.[1];
  if (group !== undefined) return withoutSlash(pattern, Number(group));
  // What is left after a literal begins with a slash, unless the literal took that one too.
  if (substitution === "") return /^\^\/[A-Za-z0-9_\-/]*\/$/.test(pattern);
  return /^[A-Za-z0-9_-]/.test(substitution);
}

/** A capturing group that begins with a letter, or behind a slash with a class. */
function withoutSlash(pattern: string, group: number): boolean {
  const opening = [...pattern.matchAll(/(?<!\\)\((?!\?)/g)][group - 1];
  if (!opening) return false;
  const behind = pattern.slice(opening.index + 1);
  return /^[A-Za-z0-9]/.test(behind) || (pattern[opening.index - 1] === "/" && /^[.[]/.test(behind));
}
