/** Routes of a policy that a sidecar was never sent, since they are for other callers. */
import type { Caller } from "../api/traffic-policy.ts";
import type { MeshSnapshot, Workload } from "../model/snapshot.ts";
import { serviceName } from "../translate/names.ts";

export interface Withheld {
  readonly name: string;
  /** What the caller must be and is not. */
  readonly why: string;
}

/**
 * Alternatives of the policy behind a virtual host that the caller is not meant by; the rest of a policy is sent to everybody.
 *
 * @param virtualHost its name: the service's with the port
 */
export function withheldFrom(snapshot: MeshSnapshot, virtualHost: string, caller: Workload): readonly Withheld[] {
  const called = virtualHost.slice(0, virtualHost.lastIndexOf(":"));
  const service = [...snapshot.services.values()].find((candidate) => serviceName(candidate) === called);
  return (service?.policy?.spec.routes ?? []).flatMap(({ name, match = [] }, index) =>
    match.flatMap(({ from }) => {
      const why = from && firstDifference(from, caller);
      return why === undefined ? [] : [{ name: name ?? `routes[${index}]`, why }];
    }),
  );
}

function firstDifference(from: Caller, { namespace, serviceAccount, labels }: Workload): string | undefined {
  if (from.namespaces && !from.namespaces.includes(namespace)) {
    return `the caller must be in namespace ${from.namespaces.join(" or ")}; it is in ${namespace}`;
  }
  if (from.serviceAccounts && !from.serviceAccounts.includes(serviceAccount)) {
    return `the caller must run as service account ${from.serviceAccounts.join(" or ")}; it runs as ${serviceAccount}`;
  }
  const wrong = Object.entries(from.labels ?? {}).find(([name, value]) => labels[name] !== value);
  if (!wrong) return undefined;
  const [name, value] = wrong;
  const own = labels[name];
  return `the caller must have label ${name}=${value}; it has ${own === undefined ? "no such label" : `${name}=${own}`}`;
}
