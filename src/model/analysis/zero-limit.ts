import type { Diagnostic } from "../../base/diagnostic.ts";
import type { Policy } from "../snapshot.ts";
import { finding } from "./subject.ts";

/** Limits that nothing can be below. */
export function zeroLimits(policy: Policy): readonly Diagnostic[] {
  const { circuitBreaker, inbound } = policy.spec;
  const limits = Object.entries({ circuitBreaker, inbound }).flatMap(([field, limit]) =>
    (["maxRequests", "maxPendingRequests"] as const).flatMap((name) => {
      if (limit?.[name] !== 0) return [];
      const message = "0 lets no request through: each is refused with 503; leave the field out for no limit";
      return [finding(policy, "HED1365", `spec.${field}.${name}`, message)];
    }),
  );
  const { percent, minConcurrency } = circuitBreaker?.retryBudget ?? {};
  if (percent !== 0 || minConcurrency !== 0) return limits;
  const message =
    "lets no retry through: percent and minConcurrency are both 0; retries.attempts: 0 switches retries off";
  return [...limits, finding(policy, "HED1366", "spec.circuitBreaker.retryBudget", message)];
}
