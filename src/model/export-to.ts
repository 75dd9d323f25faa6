/** Which namespaces may call a service: what its owner says by an annotation. */
import type { ExternalServiceObject } from "../api/external-service.ts";
import type { ServiceObject } from "../api/service.ts";
import { refOf } from "../api/parse-object.ts";
import { diagnostic } from "../base/diagnostic-codes.ts";
import type { Diagnostic } from "../base/diagnostic.ts";

/** A list of namespaces, `.` for the service's own, or `*` for all, which is the default. */
export const EXPORT_TO = "heddle.dev/export-to";

export interface Export {
  /** Undefined for all. */
  readonly namespaces: readonly string[] | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

const EVERYONE: Export = { namespaces: undefined, diagnostics: [] };

export function exportOf(service: ServiceObject | ExternalServiceObject): Export {
  const text = service.meta.annotations[EXPORT_TO];
  if (text === undefined) return EVERYONE;
  const entries = text.split(",").map((entry) => entry.trim());
  const wrong = entries.find((entry) => !/^(\*|\.|[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)$/.test(entry));
  if (wrong !== undefined) {
    const path = `metadata.annotations["${EXPORT_TO}"]`;
    const message = `"${wrong.slice(0, 100)}" is no namespace; until it is right all namespaces are told of the service. Write namespaces, "." for this one, or "*" for all`;
    return { ...EVERYONE, diagnostics: [diagnostic("HED1380", { ref: refOf(service), path, message })] };
  }
  if (entries.includes("*")) return EVERYONE;
  const namespaces = entries.map((entry) => (entry === "." ? service.meta.namespace : entry));
  return { namespaces: [...new Set(namespaces)].sort(), diagnostics: [] };
}
