/** How a finding is printed: one line for programs and logs, a short paragraph for people at a terminal. */
import { DIAGNOSTIC_CODES } from "../base/diagnostic-codes.ts";
import { type Diagnostic, formatDiagnostic, formatRef } from "../base/diagnostic.ts";
import { paint, type Terminal } from "./output.ts";

const STYLES = { error: "red", warning: "yellow", info: "dim" } as const;

/** Lines of a finding for the stream: the place first, in the form that editors make a link of. */
export function findingText(finding: Diagnostic, stream: Terminal): string {
  if (!stream.isTTY) return `${formatDiagnostic(finding)}\n`;
  const { code, level, ref, path, message, place } = finding;
  const head = [
    ...(place ? [paint("bold", `${place.file}:${place.line}`, stream)] : []),
    paint(STYLES[level], `${level} ${code}`, stream),
    ...(ref ? [formatRef(ref)] : []),
  ];
  const what = path === "" ? message : `${path}: ${message}`;
  const hint = hintOf(code);
  return [
    head.join("  "),
    `    ${what}`,
    ...(hint === undefined ? [] : [paint("dim", `    → ${hint}`, stream)]),
    "",
    "",
  ].join("\n");
}

function hintOf(code: string): string | undefined {
  return Object.entries(DIAGNOSTIC_CODES).find(([known]) => known === code)?.[1].hint;
}

/** How many there are, by level. */
export function countText(findings: readonly Diagnostic[]): string {
  if (findings.length === 0) return "nothing found";
  const levels = (["error", "warning", "info"] as const).flatMap((level) => {
    const count = findings.filter((finding) => finding.level === level).length;
    return count === 0 ? [] : [counted(count, level)];
  });
  return `${counted(findings.length, "finding")} (${levels.join(", ")})`;
}

/** A number with its noun. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
