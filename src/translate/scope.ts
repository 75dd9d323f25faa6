/**
 * Which services a sidecar is told of: those that its namespace may call, and of these the ones that it is said to depend on.
 * What it is told costs it memory and time to start, whether it calls it or not.
 */
import { backendKey } from "../model/backend.ts";
import type { Key, MeshSnapshot, ServiceDefinition } from "../model/snapshot.ts";
import { type Dependencies, dependenciesKey } from "./dependencies.ts";
import type { Memo } from "./memo.ts";
import type { Proxy } from "./proxy.ts";

export interface Scope {
  /** Tells it from other scopes of the same mesh; "" is everything. */
  readonly key: string;
  /** The same array for as long as nothing but endpoints of these services changes. */
  readonly catalog: readonly ServiceDefinition[];
}

export function scopeOf({ catalog, services }: MeshSnapshot, proxy: Proxy, memo: Memo): Scope {
  const { namespace } = proxy.workload;
  const visible = visibleTo(catalog, namespace, memo);
  const { dependencies } = proxy;
  if (dependencies.kind === "all") return visible;
  const key = `${visible.key}[${dependenciesKey(dependencies)}]`;
  const listed = memo(`scope/listed/${key}`, [visible.catalog], () => {
    const wanted = withBackends(visible.catalog.filter(isListed(dependencies)), services);
    return visible.catalog.filter((service) => wanted.has(service.key));
  });
  // A change of the mesh that leaves these services alone leaves the list the very same.
  return { key, catalog: memo(`scope/kept/${key}`, listed, () => listed) };
}

function visibleTo(catalog: readonly ServiceDefinition[], namespace: string, memo: Memo): Scope {
  const restricted = memo("scope/restricted", [catalog], () => catalog.some(({ exportTo }) => exportTo !== undefined));
  if (!restricted) return { key: "", catalog };
  const visible = memo(`scope/visible/${namespace}`, [catalog], () =>
    catalog.filter(({ exportTo }) => exportTo?.includes(namespace) ?? true),
  );
  return { key: namespace, catalog: memo(`scope/seen/${namespace}`, visible, () => visible) };
}

function isListed({ entries }: Extract<Dependencies, { kind: "listed" }>): (service: ServiceDefinition) => boolean {
  const listed = new Set(entries.map(({ namespace, name }) => `${namespace}/${name}`));
  return ({ key, namespace }) => listed.has(key) || listed.has(`${namespace}/*`);
}

/** A route must not lead to a cluster that the sidecar does not have. */
function withBackends(
  services: readonly ServiceDefinition[],
  all: ReadonlyMap<Key, ServiceDefinition>,
): ReadonlySet<Key> {
  const found = new Set<Key>();
  const open = [...services];
  for (let service = open.pop(); service; service = open.pop()) {
    if (found.has(service.key)) continue;
    found.add(service.key);
    for (const key of backendKeysOf(service)) {
      const backend = all.get(key);
      if (backend) open.push(backend);
    }
  }
  return found;
}

function backendKeysOf({ policy }: ServiceDefinition): readonly Key[] {
  if (!policy) return [];
  return (policy.spec.routes ?? []).flatMap(({ split = [], mirror = [] }) =>
    [...split, ...mirror].flatMap(({ service }) =>
      service === undefined ? [] : [backendKey(policy.namespace, service)],
    ),
  );
}
