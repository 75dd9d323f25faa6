import type { Diagnostic } from "../../base/diagnostic.ts";
import type { Policy } from "../snapshot.ts";
import { finding } from "./subject.ts";

/** A cookie that both the affinity to an endpoint and the side of a split are written to: each overwrites the other. */
export function sharedCookies(policy: Policy): readonly Diagnostic[] {
  const { routes = [], loadBalancing } = policy.spec;
  const name = loadBalancing?.affinity?.cookie?.name;
  if (name === undefined) return [];
  return routes.flatMap(({ sticky }, index) => {
    if (sticky?.ttl === undefined || sticky.cookie !== name) return [];
    const message = `${name} is the cookie of spec.loadBalancing.affinity too: each would overwrite the other`;
    return [finding(policy, "HED1376", `spec.routes[${index}].sticky.cookie`, message)];
  });
}
