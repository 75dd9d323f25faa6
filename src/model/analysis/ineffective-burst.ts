import type { Diagnostic } from "../../base/diagnostic.ts";
import { finding, ofRoutes } from "./subject.ts";

/** A bucket is never smaller than what is filled in at once. */
export const ineffectiveBursts = ofRoutes((policy, { rateLimit }, path): readonly Diagnostic[] => {
  const { burst, requests } = rateLimit ?? {};
  if (burst === undefined || requests === undefined || burst >= requests) return [];
  const message = `has no effect: ${burst} is below requests, and all ${requests} of a period may come at once`;
  return [finding(policy, "HED1370", `${path}.rateLimit.burst`, message)];
});
