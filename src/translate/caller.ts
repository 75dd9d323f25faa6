/** Routes that are for some callers only: which of them one sidecar is sent. */
import type { Caller, Route } from "../api/traffic-policy.ts";
import type { ServiceDefinition, Workload } from "../model/snapshot.ts";

/** A route of a policy, with its place there. */
export interface Placed {
  readonly route: Route;
  readonly index: number;
}

/** The routes of a service as its caller has them: alternatives for others are left out, and routes with no other. */
export function routesFor(service: ServiceDefinition, caller: Workload): readonly Placed[] {
  return (service.policy?.spec.routes ?? []).flatMap((route, index): readonly Placed[] => {
    const match = route.match?.filter(({ from }) => isFrom(from, caller));
    if (!match || match.length === route.match?.length) return [{ route, index }];
    return match.length === 0 ? [] : [{ route: { ...route, match }, index }];
  });
}

/**
 * What tells this caller's routes from those of others, over all services; "" where nothing does. Callers with the same text are
 * sent the very same routes.
 */
export function callerKey(services: readonly ServiceDefinition[], caller: Workload): string {
  return services
    .filter(hasCallers)
    .map(({ key, policy }) => {
      const alternatives = (policy?.spec.routes ?? []).flatMap(({ match = [] }) => match);
      return `${key}=${alternatives.map(({ from }) => (isFrom(from, caller) ? "1" : "0")).join("")}`;
    })
    .join();
}

/** Not all callers have the same routes to the service. */
export function hasCallers({ policy }: ServiceDefinition): boolean {
  return policy?.spec.routes?.some(({ match }) => match?.some(({ from }) => from !== undefined)) ?? false;
}

function isFrom(from: Caller | undefined, { namespace, serviceAccount, labels }: Workload): boolean {
  if (!from) return true;
  if (from.namespaces && !from.namespaces.includes(namespace)) return false;
  if (from.serviceAccounts && !from.serviceAccounts.includes(serviceAccount)) return false;
  return Object.entries(from.labels ?? {}).every(([name, value]) => labels[name] === value);
}
