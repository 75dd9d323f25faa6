/** The one rate-limit service of the mesh: an Envoy's filters ask a cluster of a fixed name. */
import { diagnostic } from "../base/diagnostic-codes.ts";
import type { Diagnostic } from "../base/diagnostic.ts";
import { backendKey } from "./backend.ts";
import { compareAge } from "./order.ts";
import type { Key, Policy, ServiceDefinition, ServicePort } from "./snapshot.ts";

export interface ServiceOfPort {
  readonly service: ServiceDefinition;
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
export function askedService(catalog: readonly ServiceDefinition[]): AskedService | undefined {
  const first = referencesOf(inForce(catalog))[0];
  return first && { key: first.key, port: first.port, found: resolve(catalog, first) };
}

/** References to services that are not there, and to others than the first. */
export function diagnoseRateLimits(catalog: readonly ServiceDefinition[]): readonly Diagnostic[] {
  const [first, ...others] = referencesOf(inForce(catalog));
  if (!first) return [];
  const missing = [first, ...others].flatMap((reference) => {
    if (resolve(catalog, reference)) return [];
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

function inForce(catalog: readonly ServiceDefinition[]): readonly Policy[] {
  return [...new Set(catalog.flatMap(({ policy }) => policy ?? []))].sort(compareAge);
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

function resolve(catalog: readonly ServiceDefinition[], { key, port }: Reference): ServiceOfPort | undefined {
  const service = catalog.find((candidate) => candidate.key === key);
  const found = service?.ports.find((p) => p.port === port);
  return service && service.type !== "ExternalName" && found && found.protocol !== "UDP"
    ? { service, port: found }
    : undefined;
}
