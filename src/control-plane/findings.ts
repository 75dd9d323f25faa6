import { compareDiagnostics, type Diagnostic, formatDiagnostic } from "../base/diagnostic.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";

/** Sorted, each once: many sidecars share one finding. */
export function distinctFindings(findings: readonly Diagnostic[]): readonly Diagnostic[] {
  const byText = new Map(findings.map((finding) => [formatDiagnostic(finding), finding]));
  return [...byText.values()].sort(compareDiagnostics);
}

/** Reports each finding when it appears and when it is mended, not each time that it is found again. */
export function createFindingsLog(logger: Logger, metrics: Metrics): (findings: readonly Diagnostic[]) => void {
  let known = new Map<string, Diagnostic>();

  return (findings) => {
    const now = new Map(findings.map((finding) => [formatDiagnostic(finding), finding]));
    for (const [text, { level }] of now) {
      if (!known.has(text)) logger[level === "warning" ? "warn" : level](text);
    }
    for (const text of known.keys()) if (!now.has(text)) logger.info(`resolved: ${text}`);
    known = now;
    for (const level of ["error", "warning", "info"] as const) {
      metrics.diagnostics.set({ level }, findings.filter((finding) => finding.level === level).length);
    }
  };
}
