/** A mistake, beside the nearest thing that is right. Tests analyze both; docs/diagnostics.md shows the first. */
import type { DiagnosticCode } from "../../src/base/diagnostic-codes.ts";

export interface MistakeCase {
  readonly code: DiagnosticCode;
  /** What comes of it, in a sentence. */
  readonly means: string;
  /** Whole manifests, or what stands below `targetRefs` in a policy for Service shop/checkout of docs/examples/mesh.yaml. */
  readonly wrong: string;
  readonly right: string;
  /** Further manifests that both need. */
  readonly beside?: string;
  /** Both are analyzed without docs/examples/mesh.yaml. */
  readonly alone?: true;
}

const POLICY = `apiVersion: heddle.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: checkout, namespace: shop }
spec:
  targetRefs: [{ kind: Service, name: checkout }]
`;

/** The manifests of one side of a case, without those beside. */
export function manifestOf(text: string): string {
  const lines = text.replace(/^\n+|\s+$/g, "");
  if (lines.includes("apiVersion:") || lines.includes("kind:")) return `${lines}\n`;
  return `${POLICY}${lines.replaceAll(/^/gm, "  ")}\n`;
}
