/**
 * Diagnostics: what a user, or Envoy, got wrong, as a value. They end up in `heddle analyze`, in a policy's status and in
 * the log, always with the same code and words.
 */

/** An API object by identity. `namespace` is "" for kinds without one. */
export interface ObjectRef {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** A place in a manifest file; line and column count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column?: number;
}

export type DiagnosticLevel = "error" | "warning" | "info";

export interface Diagnostic {
  /** `HEDnnnn`, a key of the code table in `diagnostic-codes.ts`. */
  readonly code: string;
  readonly level: DiagnosticLevel;
  /** The object it is about; absent for a file that is not even YAML. */
  readonly ref?: ObjectRef;
  /** Field path inside the object, e.g. `spec.routes[0].split[1].weight`; "" is the object itself. */
  readonly path: string;
  /** What is wrong and what would be right, in one sentence or two. */
  readonly message: string;
  /** Where it stands, when it came from a file. */
  readonly place?: Place;
}

/** What a code stands for. */
export interface CodeInfo {
  readonly level: DiagnosticLevel;
  /** What is wrong, in a few words. */
  readonly title: string;
  /** What to do about it. */
  readonly hint: string;
}

/** `Kind namespace/name`, as messages and tables write an object. */
export function formatRef(ref: ObjectRef): string {
  return ref.namespace === "" ? `${ref.kind} ${ref.name}` : `${ref.kind} ${ref.namespace}/${ref.name}`;
}

/** A key that tells objects apart, e.g. `Service/shop/checkout`. */
export function refKey(ref: ObjectRef): string {
  return `${ref.kind}/${ref.namespace}/${ref.name}`;
}

/** One line: `shop.yaml:12: HED1203 error: TrafficPolicy shop/checkout: spec.routes[0].split[1].weight: …`. */
export function formatDiagnostic(d: Diagnostic): string {
  const place = d.place ? [`${d.place.file}:${d.place.line}`] : [];
  const about = [...(d.ref ? [formatRef(d.ref)] : []), ...(d.path === "" ? [] : [d.path])];
  return [...place, `${d.code} ${d.level}`, ...about, d.message].join(": ");
}

/** What is wrong with an object, as its own status says it: code, field and words. */
export function formatFinding({ code, path, message }: Diagnostic): string {
  return `${code}: ${path === "" ? "" : `${path}: `}${message}`;
}

/** Orders diagnostics by object, then path, then code, then words: the same set always reads the same. */
export function compareDiagnostics(a: Diagnostic, b: Diagnostic): number {
  return (
    compareText(a.ref ? refKey(a.ref) : "", b.ref ? refKey(b.ref) : "") ||
    compareText(a.path, b.path) ||
    compareText(a.code, b.code) ||
    compareText(a.message, b.message)
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
