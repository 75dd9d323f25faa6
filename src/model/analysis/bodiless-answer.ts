import type { Diagnostic } from "../../base/diagnostic.ts";
import { finding, ofRoutes } from "./subject.ts";

/** Statuses after which HTTP has no body. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/** A body for an answer that has none. */
export const bodilessAnswers = ofRoutes((policy, { directResponse }, path): readonly Diagnostic[] => {
  if (!directResponse?.body || !BODILESS.has(directResponse.status)) return [];
  const message = `an answer of ${directResponse.status} has no body: callers take it for the beginning of the next answer`;
  return [finding(policy, "HED1375", `${path}.directResponse.body`, message)];
});
