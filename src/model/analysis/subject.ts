/** What a check looks at, and the form of what it finds. */
import type { Route } from "../../api/traffic-policy.ts";
import { diagnostic, type DiagnosticCode } from "../../base/diagnostic-codes.ts";
import type { Diagnostic } from "../../base/diagnostic.ts";
import type { Key, Policy, Service } from "../snapshot.ts";

/** A policy and the part of the mesh that it has to do with. */
export interface Subject {
  readonly policy: Policy;
  /** The services for which it is in force. */
  readonly targets: readonly Service[];
  /** All services, of which a check may read those that the policy names and their definitions. */
  readonly services: ReadonlyMap<Key, Service>;
  /** How many there are at most. */
  readonly sidecars: number;
}

/** What a policy says is looked at by itself, once for as long as it is the same. */
export type PolicyCheck = (policy: Policy) => readonly Diagnostic[];

/** What a policy says is looked at against its services and their endpoints, whenever those change. */
export type MeshCheck = (subject: Subject) => readonly Diagnostic[];

export function finding(policy: Policy, code: DiagnosticCode, path: string, message: string): Diagnostic {
  return diagnostic(code, { ref: policy.ref, path, message });
}

/** A check that looks at each route by itself. `path` is the route's. */
export function ofRoutes(check: (policy: Policy, route: Route, path: string) => readonly Diagnostic[]): PolicyCheck {
  return (policy) =>
    (policy.spec.routes ?? []).flatMap((route, index) => check(policy, route, `spec.routes[${index}]`));
}
