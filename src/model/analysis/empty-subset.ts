import type { Diagnostic } from "../../base/diagnostic.ts";
import { selects } from "../workloads.ts";
import { finding, type Subject } from "./subject.ts";

/** Subsets that none of the target's endpoints is in. */
export function emptySubsets({ policy, targets }: Subject): readonly Diagnostic[] {
  return (policy.spec.subsets ?? []).flatMap((subset, index) =>
    targets
      .filter((service) => !service.endpoints.some((endpoint) => selects(subset.labels, endpoint.labels)))
      .map((service) => {
        const wanted = Object.entries(subset.labels).map(([key, value]) => `${key}=${value}`);
        const count = service.endpoints.length;
        const message =
          `subset "${subset.name}" (${wanted.join(",")}) selects none of the ` +
          `${count} endpoint${count === 1 ? "" : "s"} of Service ${service.key}`;
        return finding(policy, "HED1303", `spec.subsets[${index}].labels`, message);
      }),
  );
}
