/** What active health checks cost the endpoints that are checked: every sidecar asks each of them. */
import type { Diagnostic } from "../../base/diagnostic.ts";
import { selects } from "../workloads.ts";
import { finding, type Subject } from "./subject.ts";

/** Checks a second that an endpoint may get before it is worth a warning. */
const BEARABLE = 50;

/** Services whose busiest endpoint gets more checks than is bearable once every sidecar calls it. */
export function probeLoads({ policy, targets, sidecars }: Subject): readonly Diagnostic[] {
  const { healthCheck, subsets = [] } = policy.spec;
  if (!healthCheck) return [];
  const seconds = healthCheck.interval / 1000;
  return targets.flatMap((service) => {
    const ports = service.ports.filter(({ protocol }) => protocol !== "UDP").length;
    // Each port and each subset is a cluster of its own, which does checks of its own.
    const groups = service.endpoints.map(
      ({ labels }) => 1 + subsets.filter((subset) => selects(subset.labels, labels)).length,
    );
    const clusters = ports * groups.reduce((most, count) => Math.max(most, count), 0);
    const load = (sidecars * clusters) / seconds;
    if (load <= BEARABLE) return [];
    const message =
      `an endpoint of Service ${service.key} gets up to ${Math.round(load)} checks a second: ` +
      `${sidecars} sidecars × ${clusters} clusters (ports and subsets) every ${seconds}s`;
    return [finding(policy, "HED1325", "spec.healthCheck.interval", message)];
  });
}
