/** Outlier detection that can take nothing out. */
import type { Diagnostic } from "../../base/diagnostic.ts";
import type { Policy } from "../snapshot.ts";
import { finding, type Subject } from "./subject.ts";

const DEFAULT_MAX_EJECTION_PERCENT = 50;

/** All kinds of failure that are named are switched off. Where none is named, consecutive 5xx count. */
export function idleDetection(policy: Policy): readonly Diagnostic[] {
  const { outlierDetection } = policy.spec;
  if (!outlierDetection) return [];
  const { consecutive5xx, consecutiveGatewayErrors, consecutiveLocalErrors, successRate, failurePercentage } =
    outlierDetection;
  const counts = [consecutive5xx, consecutiveGatewayErrors, consecutiveLocalErrors];
  if (successRate || failurePercentage || counts.every((count) => count === undefined)) return [];
  if (counts.some((count) => count !== undefined && count > 0)) return [];
  const message = "looks at no failures: what it names is switched off by 0, and what it does not name is off";
  return [finding(policy, "HED1364", "spec.outlierDetection", message)];
}

/** Too few endpoints for the share that may be out, or for statistics. Envoy does not round up. */
export function powerlessDetection({ policy, targets }: Subject): readonly Diagnostic[] {
  const { outlierDetection } = policy.spec;
  if (!outlierDetection) return [];
  const percent = outlierDetection.maxEjectionPercent ?? DEFAULT_MAX_EJECTION_PERCENT;
  return targets.flatMap(({ key, endpoints }) => {
    const count = endpoints.length;
    if (count === 0) return [];
    const known = `Service ${key} has ${count} endpoint${count === 1 ? "" : "s"}`;
    if (count * percent < 100) {
      const message = `${known}, of which at most ${percent} % may be out: none is ever taken out`;
      return [finding(policy, "HED1362", "spec.outlierDetection.maxEjectionPercent", message)];
    }
    return (["successRate", "failurePercentage"] as const).flatMap((kind) => {
      const least = outlierDetection[kind]?.minEndpoints ?? 0;
      if (count >= least) return [];
      const message = `${known}, and ${kind} judges none while there are fewer than ${least}`;
      return [finding(policy, "HED1363", `spec.outlierDetection.${kind}.minEndpoints`, message)];
    });
  });
}
