/** What a backend of a split or a mirror stands for. */
import type { Backend, Subset, TrafficPolicySpec } from "../api/traffic-policy.ts";
import { closest } from "../api/suggest.ts";
import type { MeshRoute } from "./mesh-route.ts";
import type { Key, Policy, Service, ServicePort } from "./snapshot.ts";

export type ResolvedBackend =
  | { readonly found: "target"; readonly subset?: Subset }
  | { readonly found: "service"; readonly service: Service; readonly port: ServicePort; readonly subset?: Subset }
  /** `field` is the one that names nothing; `message` says so and what there is instead. */
  | { readonly found: "nothing"; readonly field: "service" | "port" | "subset"; readonly message: string };

interface Routing {
  readonly routes?: readonly MeshRoute[] | undefined;
  readonly tcp?: TrafficPolicySpec["tcp"];
}

/** All backends that routes, and a split of connections, name. */
export function backendsIn({ routes = [], tcp }: Routing): readonly Backend[] {
  return [...(tcp?.split ?? []), ...routes.flatMap(({ split = [], mirror = [] }) => [...split, ...mirror])];
}

/** The key of the service that a backend names: `name` in the policy's namespace, or `name.namespace`. */
export function backendKey(policyNamespace: string, service: string): Key {
  const [name, namespace = policyNamespace] = service.split(".");
  return `${namespace}/${name}`;
}

/**
 * Resolves a backend of `policy`. Without `service` it is the policy's target, restricted to a subset of this policy; with
 * one it is that service and port, restricted to a subset of the policy in force there.
 */
export function resolveBackend(services: ReadonlyMap<Key, Service>, policy: Policy, backend: Backend): ResolvedBackend {
  if (backend.service === undefined) {
    if (backend.subset === undefined) return { found: "target" };
    const subset = policy.spec.subsets?.find((s) => s.name === backend.subset);
    return subset ? { found: "target", subset } : missingSubset(backend.subset, policy.spec.subsets ?? [], policy.key);
  }
  const key = backendKey(policy.namespace, backend.service);
  const service = services.get(key);
  if (!service) return { found: "nothing", field: "service", message: missingService(services, key) };
  const port = service.ports.find((p) => p.port === backend.port);
  if (!port) {
    const known = service.ports.map((p) => (p.name === "" ? String(p.port) : `${p.port} (${p.name})`)).join(", ");
    const message = `Service ${key} has no port ${backend.port}; its ports: ${known || "none"}`;
    return { found: "nothing", field: "port", message };
  }
  if (port.protocol === "UDP") {
    return {
      found: "nothing",
      field: "port",
      message: `port ${port.port} of Service ${key} is UDP, which takes no requests`,
    };
  }
  if (backend.subset === undefined) return { found: "service", service, port };
  const declared = service.policy?.spec.subsets ?? [];
  const subset = declared.find((s) => s.name === backend.subset);
  return subset
    ? { found: "service", service, port, subset }
    : missingSubset(backend.subset, declared, service.policy?.key, key);
}

function missingService(services: ReadonlyMap<Key, Service>, key: Key): string {
  const meant = closest(key, [...services.keys()]);
  return `there is no Service ${key}${meant === undefined ? "" : `; did you mean ${meant}?`}`;
}

function missingSubset(
  name: string,
  declared: readonly Subset[],
  policyKey: Key | undefined,
  serviceKey?: Key,
): ResolvedBackend {
  const known = declared.map((s) => s.name).join(", ") || "none";
  const message =
    policyKey === undefined
      ? `Service ${serviceKey} has no TrafficPolicy in force, and so no subset "${name}"`
      : `TrafficPolicy ${policyKey} declares no subset "${name}"; declared: ${known}`;
  return { found: "nothing", field: "subset", message };
}
