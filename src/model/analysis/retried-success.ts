import type { Diagnostic } from "../../base/diagnostic.ts";
import { finding, ofRoutes } from "./subject.ts";

/** Answers are sent again for although they are no failures. */
export const retriedSuccesses = ofRoutes((policy, { retries }, path): readonly Diagnostic[] =>
  (retries?.attempts === 0 ? [] : (retries?.onStatus ?? [])).flatMap((status, index) => {
    if (status >= 400) return [];
    const message = `${status} is no failure: each such answer is thrown away, and the request is sent again`;
    return [finding(policy, "HED1350", `${path}.retries.onStatus[${index}]`, message)];
  }),
);
