import type { Diagnostic } from "../../base/diagnostic.ts";
import type { Policy } from "../snapshot.ts";
import { finding } from "./subject.ts";

/** A policy that says nothing; others for its targets lose to it nevertheless. */
export function silentPolicies(policy: Policy): readonly Diagnostic[] {
  const { targetRefs: _, ...said } = policy.spec;
  const something = Object.values(said).some(
    (part) => part !== undefined && !(Array.isArray(part) && part.length === 0),
  );
  if (something) return [];
  const message = "changes nothing: it has targets and no other field; younger policies for them would lose to it";
  return [finding(policy, "HED1379", "spec", message)];
}
