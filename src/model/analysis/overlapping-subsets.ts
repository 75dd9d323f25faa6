import type { Split, Subset } from "../../api/traffic-policy.ts";
import type { Diagnostic } from "../../base/diagnostic.ts";
import { selects } from "../workloads.ts";
import { finding, type Subject } from "./subject.ts";

/** Subsets of one split with endpoints in common: those get a share from both. */
export function overlappingSubsets(subject: Subject): readonly Diagnostic[] {
  const { routes = [], tcp } = subject.policy.spec;
  return [
    ...overlapsIn(subject, tcp?.split ?? [], "spec.tcp.split"),
    ...routes.flatMap(({ split = [] }, index) => overlapsIn(subject, split, `spec.routes[${index}].split`)),
  ];
}

function overlapsIn({ policy, targets }: Subject, split: readonly Split[], path: string): readonly Diagnostic[] {
  const own = split.flatMap(({ subset: name, service }, at) => {
    const subset = service === undefined ? policy.spec.subsets?.find((s) => s.name === name) : undefined;
    return subset ? [{ subset, at }] : [];
  });
  return own.flatMap(({ subset, at }, index) =>
    own.slice(0, index).flatMap(({ subset: other }) => {
      if (!mayOverlap(subset, other)) return [];
      return targets.flatMap(({ key, endpoints }) => {
        const shared = endpoints.filter(
          ({ labels }) => selects(subset.labels, labels) && selects(other.labels, labels),
        );
        if (shared.length === 0) return [];
        const message =
          `subset "${subset.name}" has ${shared.length === 1 ? "an endpoint" : `${shared.length} endpoints`} of Service ${key} ` +
          `in common with subset "${other.name}", which ${shared.length === 1 ? "gets" : "get"} a share from both`;
        return [finding(policy, "HED1355", `${path}[${at}].subset`, message)];
      });
    }),
  );
}

/** No label says that they are apart. Those with the same labels are another finding. */
function mayOverlap({ labels: a }: Subset, { labels: b }: Subset): boolean {
  const common = Object.keys(a).filter((key) => Object.hasOwn(b, key));
  if (common.some((key) => a[key] !== b[key])) return false;
  return common.length < Object.keys(a).length || common.length < Object.keys(b).length;
}
