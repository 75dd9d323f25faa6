/** Routes that are for some callers only: which of them one sidecar is sent. */
import type { Caller, Route } from "../api/traffic-policy.ts";
import type { Service, Workload } from "../model/snapshot.ts";
import { toldOf } from "./rate-limit-service.ts";
import { fleetKey } from "./rate-limit.ts";

/** A route of a policy, with its place there. */
export interface Placed {
  readonly route: Route;
  readonly index: number;
}

/** The routes of a service as its caller has them: alternatives for others are left out, and routes with no other. */
export function routesFor(service: Service, caller: Workload): readonly Placed[] {
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
export function callerKey(services: readonly Service[], caller: Workload, fleetSize: number): string {
  return services
    .flatMap(({ key, policy }) => {
      const routes = policy?.spec.routes ?? [];
      const chosen = choices(routes, caller);
      const limits = routes.flatMap(({ rateLimit }) => rateLimit ?? []);
      const parts = [chosen, fleetKey(limits, fleetSize), toldOf(limits, caller)];
      return parts.every((part) => part === "") ? [] : `${key}=${parts.join(":")}`;
    })
    .join();
}

/** Which alternatives are for this caller; "" where all are for everybody. */
function choices(routes: readonly Route[], caller: Workload): string {
  const callers = routes.flatMap(({ match = [] }) => match.map(({ from }) => from));
  if (callers.every((from) => from === undefined)) return "";
  return callers.map((from) => (isFrom(from, caller) ? "1" : "0")).join("");
}

function isFrom(from: Caller | undefined, { namespace, serviceAccount, labels }: Workload): boolean {
  if (!from) return true;
  if (from.namespaces && !from.namespaces.includes(namespace)) return false;
  if (from.serviceAccounts && !from.serviceAccounts.includes(serviceAccount)) return false;
  return Object.entries(from.labels ?? {}).every(([name, value]) => labels[name] === value);
}
