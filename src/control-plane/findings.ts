import { type Diagnostic, formatDiagnostic } from "../base/diagnostic.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";

/** Reports each finding when it appears and when it is mended, not each time that it is found again. */
export function createFindingsLog(logger: Logger, metrics: Metrics): (diagnostics: readonly Diagnostic[]) => void {
  let known = new Map<string, Diagnostic>();

  return (diagnostics) => {
    const now = new Map(diagnostics.map((diagnostic) => [formatDiagnostic(diagnostic), diagnostic]));
    for (const [text, { level }] of now) {
      if (!known.has(text)) logger[level === "warning" ? "warn" : level](text);
    }
    for (const text of known.keys()) if (!now.has(text)) logger.info(`resolved: ${text}`);
    known = now;
    for (const level of ["error", "warning", "info"] as const) {
      metrics.diagnostics.set({ level }, diagnostics.filter((d) => d.level === level).length);
    }
  };
}
