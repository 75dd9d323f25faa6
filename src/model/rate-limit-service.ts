/** The one rate-limit service of the mesh: an Envoy's filters ask a cluster of a fixed name. */
import { diagnostic } from "../base/diagnostic-codes.ts";
import type { Diagnostic } from "../base/diagnostic.ts";
import { backendKey } from "./backend.ts";
import { compareAge } from "./order.ts";
import type { Key, Policy, Service, ServicePort } from "./snapshot.ts";

export interface ServiceOfPort {
  readonly service: Service;
  readonly port: ServicePort;
}

interface Reference {
  readonly policy: Policy;
  readonly route: number;
  readonly key: Key;
  readonly port: number;
}

/** The service that is asked, by name, and itself where it is there. */
export interface AskedService {
  readonly key: Key;
  readonly port: number;
  readonly found: ServiceOfPort | undefined;
}

/** What the oldest policy in force names; undefined where none names a service. */
export function askedService(services: ReadonlyMap<Key, Service>): AskedService | undefined {
  const first = referencesOf(inForce(services))[0];
  return first && { key: first.key, port: first.port, found: resolve(services, first) };
}

/** References to services that are not there, and to others than the first. */
export function diagnoseRateLimits(services: ReadonlyMap<Key, Service>): readonly Diagnostic[] {
  const [first, ...others] = referencesOf(inForce(services));
  if (!first) return [];
  const missing = [first, ...others].flatMap((reference) => {
    if (resolve(services, reference)) return [];
    const message = `Service ${reference.key} has no port ${reference.port} that takes requests, or does not exist`;
    return [diagnostic("HED1326", { ref: reference.policy.ref, path: pathOf(reference), message })];
  });
  const foreign = others.filter(({ key, port }) => key !== first.key || port !== first.port);
  return [
    ...missing,
    ...foreign.map((reference) => {
      const message =
        `requests are not limited by Service ${reference.key}, port ${reference.port}: TrafficPolicy ${first.policy.key} ` +
        `is older and has every sidecar ask Service ${first.key}, port ${first.port}`;
      return diagnostic("HED1327", { ref: reference.policy.ref, path: pathOf(reference), message });
    }),
  ];
}

function pathOf({ route }: Reference): string {
  return `spec.routes[${route}].rateLimit.service`;
}

function inForce(services: ReadonlyMap<Key, Service>): readonly Policy[] {
  return [...new Set([...services.values()].flatMap(({ policy }) => policy ?? []))].sort(compareAge);
}

function referencesOf(policies: readonly Policy[]): readonly Reference[] {
  return policies.flatMap((policy) =>
    (policy.spec.routes ?? []).flatMap(({ rateLimit }, route): readonly Reference[] => {
      if (!rateLimit?.service) return [];
      const { name, port } = rateLimit.service;
      return [{ policy, route, key: backendKey(policy.namespace, name), port }];
    }),
  );
}

function resolve(services: ReadonlyMap<Key, Service>, { key, port }: Reference): ServiceOfPort | undefined {
  const service = services.get(key);
  const found = service?.ports.find((p) => p.port === port);
  return service && service.type !== "ExternalName" && found && found.protocol !== "UDP"
    ? { service, port: found }
    : undefined;
}
