/** The look of `heddle describe`: labelled lines, indented sections, findings at the end. */
import { type Diagnostic, type ObjectRef, refKey } from "../base/diagnostic.ts";
import type { Endpoint } from "../model/snapshot.ts";
import { formatTable, paint } from "./output.ts";

const LABEL = 14;

/** `Host:         checkout.shop.svc.cluster.local` */
export function field(label: string, value: string): string {
  return `${`${label}:`.padEnd(LABEL)}${value === "" ? "-" : value}\n`;
}

/** A titled block, indented by two. */
export function section(title: string, body: string): string {
  return `${title}:\n${body.replace(/^(?=.)/gm, "  ")}`;
}

export function endpointTable(endpoints: readonly Endpoint[]): string {
  if (endpoints.length === 0) return "none\n";
  const rows = endpoints.map((endpoint) => [
    endpoint.address,
    stateOf(endpoint),
    [endpoint.region, endpoint.zone].filter((part) => part !== "").join("/") || "-",
    endpoint.workload.split("/")[1] ?? "-",
    labelsOf(endpoint.labels),
  ]);
  return formatTable(["ADDRESS", "STATE", "LOCALITY", "POD", "LABELS"], rows);
}

function stateOf({ ready, terminating }: Endpoint): string {
  return terminating ? "terminating" : ready ? "ready" : "not ready";
}

export function labelsOf(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}

/** What is wrong with the objects, or that nothing is. */
export function findingsOf(diagnostics: readonly Diagnostic[], refs: readonly ObjectRef[]): string {
  const keys = new Set(refs.map(refKey));
  const found = diagnostics.filter(({ ref }) => ref && keys.has(refKey(ref)));
  if (found.length === 0) return field("Findings", "none");
  const lines = found.map(({ code, level, path, message }) => {
    const text = `${code} ${level}: ${path === "" ? "" : `${path}: `}${message}`;
    return `${paint(level === "error" ? "red" : "yellow", text, process.stdout)}\n`;
  });
  return section("Findings", lines.join(""));
}
