import { type FieldPath, formatPath } from "../base/field-path.ts";

/** One reason for which Envoy refuses a resource. */
export interface Violation {
  /** Field by its name in the proto, e.g. `outlier_detection.interval`; "" is the resource itself. */
  readonly path: string;
  readonly message: string;
}

/** Collects violations while a message is walked; paths are written out only where something is wrong. */
export interface Findings {
  /** Goes down to a field, list index or map key. Every `enter` is paired with a `leave`. */
  enter(part: string | number): void;
  leave(): void;
  /** Something is wrong at the place that was entered, or at `below` it. */
  add(message: string, below?: FieldPath): void;
}

/** Judges one value; `undefined` is a field that is not set. */
export type Check = (value: unknown, found: Findings) => void;

/** Whether a value has fields: a message, a oneof, or a map. */
export function hasFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** More say nothing new, and a broken resource may hold any number. */
const MAX_VIOLATIONS = 32;

/** An empty collection; `violations` grows as checks add to it. */
export function createFindings(): Findings & { readonly violations: readonly Violation[] } {
  const path: (string | number)[] = [];
  const violations: Violation[] = [];
  return {
    violations,
    enter: (part) => void path.push(part),
    leave: () => void path.pop(),
    add(message, below = []) {
      if (violations.length < MAX_VIOLATIONS) violations.push({ path: formatPath([...path, ...below]), message });
    },
  };
}
