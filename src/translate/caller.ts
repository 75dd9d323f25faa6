/** Routes that are for some callers only: which of them one sidecar is sent. */
import type { Caller } from "../api/traffic-policy.ts";
import type { MeshRoute } from "../model/mesh-route.ts";
import type { AttachedRoutes, ServiceDefinition, Workload } from "../model/snapshot.ts";
import { toldOf } from "./rate-limit-service.ts";
import { fleetKey } from "./rate-limit.ts";

/** A route with its place among those of its service. */
export interface Placed {
  readonly route: MeshRoute;
  readonly index: number;
}

/**
 * The routes of a service port as its caller has them: those of the policy, else those of the Gateway API. Alternatives for others are left
 * out, and routes with no other.
 */
export function routesFor(service: ServiceDefinition, port: number, caller: Workload): readonly Placed[] {
  const routes = service.policy?.spec.routes ?? attachedTo(service, port, caller)?.routes ?? [];
  return routes.flatMap((route, index): readonly Placed[] => {
    const match = route.match?.filter(({ from }) => isFrom(from, caller));
    if (!match || match.length === route.match?.length) return [{ route, index }];
    return match.length === 0 ? [] : [{ route: { ...route, match }, index }];
  });
}

/**
 * What tells this caller's routes from those of others, over all services; "" where nothing does. Callers with the same text are
 * sent the very same routes.
 */
export function callerKey(services: readonly ServiceDefinition[], caller: Workload, fleetSize: number): string {
  return services
    .filter(hasCallers)
    .flatMap(({ key, policy, attached = [] }) => {
      const routes = policy?.spec.routes ?? [];
      const limits = routes.flatMap(({ rateLimit }) => rateLimit ?? []);
      const own = attached.some(({ callers }) => callers === caller.namespace) ? `@${caller.namespace}` : "";
      const parts = [choices(routes, caller), fleetKey(limits, fleetSize), toldOf(limits, caller), own];
      return parts.every((part) => part === "") ? [] : `${key}=${parts.join(":")}`;
    })
    .join();
}

/** Which alternatives are for this caller; "" where all are for everybody. */
function choices(routes: readonly MeshRoute[], caller: Workload): string {
  if (!routes.some(isSelective)) return "";
  const alternatives = routes.flatMap(({ match = [] }) => match);
  return alternatives.map(({ from }) => (isFrom(from, caller) ? "1" : "0")).join("");
}

/** Not all callers have the same routes to the service. */
export function hasCallers({ policy, attached = [] }: ServiceDefinition): boolean {
  const selective = policy?.spec.routes?.some((route) => isSelective(route) || isCounted(route)) ?? false;
  return selective || attached.some(({ callers }) => callers !== undefined);
}

function isSelective({ match }: MeshRoute): boolean {
  return match?.some(({ from }) => from !== undefined) ?? false;
}

/** Its limit depends on who calls. */
function isCounted({ rateLimit }: MeshRoute): boolean {
  return rateLimit?.scope === "Fleet" || rateLimit?.service !== undefined;
}

/** The caller's namespace's own routes, or else those that are for all callers. */
function attachedTo(
  { attached = [] }: ServiceDefinition,
  port: number,
  { namespace }: Workload,
): AttachedRoutes | undefined {
  const own = attached.filter((routes) => routes.port === port);
  return own.find(({ callers }) => callers === namespace) ?? own.find(({ callers }) => callers === undefined);
}

function isFrom(from: Caller | undefined, { namespace, serviceAccount, labels }: Workload): boolean {
  if (!from) return true;
  if (from.namespaces && !from.namespaces.includes(namespace)) return false;
  if (from.serviceAccounts && !from.serviceAccounts.includes(serviceAccount)) return false;
  return Object.entries(from.labels ?? {}).every(([name, value]) => labels[name] === value);
}
