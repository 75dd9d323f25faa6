/** Which routes may send requests to Services of another namespace. */
import { GATEWAY_GROUP } from "../api/gateway-reference.ts";
import type { ReferenceGrantObject } from "../api/reference-grant.ts";
import type { ObjectRef } from "../base/diagnostic.ts";

/** Whether a route may refer to a Service. */
export type Permits = (route: ObjectRef, service: { readonly namespace: string; readonly name: string }) => boolean;

/** Within a namespace always; across namespaces where a grant of the Service's namespace says so. */
export function permitsOf(grants: Iterable<ReferenceGrantObject>): Permits {
  const byNamespace = Map.groupBy(grants, ({ meta }) => meta.namespace);
  return (route, service) =>
    route.namespace === service.namespace ||
    (byNamespace.get(service.namespace) ?? []).some(({ spec }) => isFrom(spec, route) && isTo(spec, service.name));
}

type Spec = ReferenceGrantObject["spec"];

function isFrom({ from }: Spec, route: ObjectRef): boolean {
  return from.some(
    ({ group, kind, namespace }) => group === GATEWAY_GROUP && kind === route.kind && namespace === route.namespace,
  );
}

function isTo({ to }: Spec, service: string): boolean {
  return to.some(
    ({ group, kind, name }) => group === "" && kind === "Service" && (name === undefined || name === service),
  );
}
