import type { Diagnostic } from "../../base/diagnostic.ts";
import type { Policy } from "../snapshot.ts";
import { methodOf } from "./coverage.ts";
import { finding } from "./subject.ts";

/** Routes that say which pages may call, and do not take the OPTIONS request by which browsers ask. */
export function missedPreflights(policy: Policy): readonly Diagnostic[] {
  const routes = policy.spec.routes ?? [];
  const withCors = routes.flatMap(({ cors }, index) => (cors ? [index] : []));
  // With several, one may be there to answer for the others.
  const [index, ...others] = withCors;
  if (index === undefined || others.length > 0) return [];
  const { match = [] } = routes[index]!;
  const methods = match.map(methodOf);
  if (methods.length === 0 || methods.some((method) => method === undefined || method === "OPTIONS")) return [];
  const message = `browsers ask by an OPTIONS request first, and the route takes only ${[...new Set(methods)].join(", ")}: add OPTIONS to its match`;
  return [finding(policy, "HED1371", `spec.routes[${index}].cors`, message)];
}
