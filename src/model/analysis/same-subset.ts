import type { Diagnostic } from "../../base/diagnostic.ts";
import { compareText } from "../order.ts";
import type { Policy } from "../snapshot.ts";
import { finding } from "./subject.ts";

/** Subsets that are one and the same. */
export function sameSubsets(policy: Policy): readonly Diagnostic[] {
  const subsets = policy.spec.subsets ?? [];
  const first = new Map<string, string>();
  return subsets.flatMap(({ name, labels }, index) => {
    const key = JSON.stringify(Object.entries(labels).sort(([a], [b]) => compareText(a, b)));
    const other = first.get(key);
    if (other === undefined) {
      first.set(key, name);
      return [];
    }
    const message = `subset "${name}" has the labels of subset "${other}", and so the same endpoints`;
    return [finding(policy, "HED1354", `spec.subsets[${index}].labels`, message)];
  });
}
