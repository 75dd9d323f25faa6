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

/** `Kind namespace/name`, as messages and tables write an object. */
export function formatRef(ref: ObjectRef): string {
  return ref.namespace === "" ? `${ref.kind} ${ref.name}` : `${ref.kind} ${ref.namespace}/${ref.name}`;
}

/** A key that tells objects apart, e.g. `Service/shop/checkout`. */
export function refKey(ref: ObjectRef): string {
  return `${ref.kind}/${ref.namespace}/${ref.name}`;
}
