import type { Diagnostic } from "../../base/diagnostic.ts";
import type { Policy } from "../snapshot.ts";
import { ANY, covers } from "./coverage.ts";
import { finding } from "./subject.ts";

/** A fault that leaves the service without any request. */
export function totalFaults(policy: Policy): readonly Diagnostic[] {
  const [first] = policy.spec.routes ?? [];
  const { status, percent } = first?.fault?.abort ?? {};
  if (!first || status === undefined || percent !== 100) return [];
  if (!(first.match ?? [ANY]).some((match) => covers(match, ANY))) return [];
  const message = `every request of every caller gets ${status}, and none reaches the service; directResponse says so plainly`;
  return [finding(policy, "HED1359", "spec.routes[0].fault.abort", message)];
}
