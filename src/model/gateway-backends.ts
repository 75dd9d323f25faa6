/** Where the requests of a rule go: backends as shares of a split, mirrors, and what of them leads nowhere. */
import { closest } from "../api/suggest.ts";
import { type BackendObjectRef, isService } from "../api/gateway-reference.ts";
import type { Mirror } from "../api/traffic-policy.ts";
import type { RequestMirror } from "../api/gateway-filters.ts";
import { diagnostic } from "../base/diagnostic-codes.ts";
import type { Diagnostic, ObjectRef } from "../base/diagnostic.ts";
import { backendEdits, type Unsupported } from "./gateway-filters.ts";
import type { GatewayRule } from "./gateway-rules.ts";
import type { RouteShare } from "./mesh-route.ts";
import type { Permits } from "./reference-grants.ts";
import type { Key, ServiceDefinition } from "./snapshot.ts";

/** What backends are looked up in. */
export interface BackendScope {
  readonly services: ReadonlyMap<Key, ServiceDefinition>;
  readonly permits: Permits;
  readonly route: ObjectRef;
  /** Where the requests come from: its callers may reach it anyhow, so that sending them there needs no grant. */
  readonly parent: Key;
}

/** Shares of a rule in order, without those of weight 0. */
export function sharesOf(
  scope: BackendScope,
  rule: GatewayRule,
  report: (finding: Diagnostic) => void,
  unsupported: Unsupported,
): readonly RouteShare[] {
  return rule.backendRefs.flatMap((backend, index): readonly RouteShare[] => {
    const at = `backendRefs[${index}]`;
    const finding = judge(scope, backend, `${rule.path}.${at}`);
    if (finding) report(finding);
    const headers = backendEdits(backend.filters, (path, message) => unsupported(`${at}.${path}`, message));
    if (backend.weight === 0) return [];
    if (finding) return [{ weight: backend.weight, unresolved: true }];
    return [{ ...target(scope, backend), weight: backend.weight, ...(headers && { headers }) }];
  });
}

/** Mirrors of a rule; one that leads nowhere is left out. */
export function mirrorsOf(
  scope: BackendScope,
  rule: GatewayRule,
  report: (finding: Diagnostic) => void,
): readonly Mirror[] {
  return rule.filters.flatMap(({ requestMirror: mirror }, index): readonly Mirror[] => {
    if (!mirror) return [];
    const finding = judge(scope, mirror.backendRef, `${rule.path}.filters[${index}].requestMirror.backendRef`);
    if (finding) report(finding);
    return finding ? [] : [{ ...target(scope, mirror.backendRef), percent: percentOf(mirror) }];
  });
}

function percentOf({ percent, fraction }: RequestMirror): number {
  return percent ?? (fraction ? (fraction.numerator / fraction.denominator) * 100 : 100);
}

function target({ route }: BackendScope, { name, namespace = route.namespace, port }: BackendObjectRef) {
  return { service: `${name}.${namespace}`, port };
}

/** What keeps a backend from taking requests, if anything. */
function judge(scope: BackendScope, backend: BackendObjectRef, path: string): Diagnostic | undefined {
  const { services, permits, route, parent } = scope;
  const { name, namespace = route.namespace, port } = backend;
  const about = { ref: route, path };
  if (!isService(backend)) {
    return diagnostic("HED1340", {
      ...about,
      message: `${backend.kind ?? "Service"} is no kind of backend: it must be a Service`,
    });
  }
  const key = `${namespace}/${name}`;
  if (key !== parent && !permits(route, { namespace, name })) {
    const message = `no ReferenceGrant in namespace ${namespace} permits ${route.kind}s of ${route.namespace} to refer to Service ${name}`;
    return diagnostic("HED1339", { ...about, message });
  }
  const service = services.get(key);
  if (!service) {
    const meant = closest(key, [...services.keys()]);
    const message = `there is no Service ${key}${meant === undefined ? "" : `; did you mean ${meant}?`}`;
    return diagnostic("HED1338", { ...about, message });
  }
  if (service.type === "ExternalName") {
    return diagnostic("HED1340", { ...about, message: `Service ${key} is an ExternalName: it has no endpoints` });
  }
  const found = service.ports.find((p) => p.port === port);
  if (found && found.protocol !== "UDP") return undefined;
  const known = service.ports.filter(({ protocol }) => protocol !== "UDP").map((p) => String(p.port));
  const message = `Service ${key} has no TCP port ${port}; its ports: ${known.join(", ") || "none"}`;
  return diagnostic("HED1338", { ...about, message });
}
