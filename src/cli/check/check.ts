/** A check of an installation: what was looked at, what was found, and what would mend it. */
import { paint } from "../output.ts";

export interface Finding {
  readonly outcome: "ok" | "warning" | "failed";
  /** What is true, or ought to be. */
  readonly name: string;
  /** What was found instead. */
  readonly detail?: string;
  /** What to do. */
  readonly hint?: string;
}

export interface CheckGroup {
  readonly title: string;
  readonly findings: readonly Finding[];
}

export function ok(name: string): Finding {
  return { outcome: "ok", name };
}

export function failed(name: string, detail: string, hint: string): Finding {
  return { outcome: "failed", name, detail, hint };
}

export function warning(name: string, detail: string, hint: string): Finding {
  return { outcome: "warning", name, detail, hint };
}

const MARKS = { ok: ["green", "√"], warning: ["yellow", "‼"], failed: ["red", "×"] } as const;

export function formatGroups(groups: readonly CheckGroup[]): string {
  return groups
    .map(({ title, findings }) => `${paint("bold", title, process.stdout)}\n${findings.map(formatFinding).join("")}`)
    .join("\n");
}

function formatFinding({ outcome, name, detail, hint }: Finding): string {
  const [style, mark] = MARKS[outcome];
  const lines = [
    `${paint(style, mark, process.stdout)} ${name}`,
    ...(detail === undefined ? [] : [`    ${detail}`]),
    ...(hint === undefined ? [] : [`    ${paint("dim", `→ ${hint}`, process.stdout)}`]),
  ];
  return `${lines.join("\n")}\n`;
}
