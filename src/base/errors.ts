/**
 * Unexpected failures. What users or Envoy get wrong is not thrown but carried as a value (see `diagnostic.ts`);
 * everything else is a `HeddleError` with a stable code and, where there is one, the cause.
 */

/** A failure with a stable, searchable code, e.g. `XDS_LISTEN`. */
export class HeddleError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "HeddleError";
    this.code = code;
  }
}

/** The message of anything that was thrown, for a log line or a diagnostic. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
