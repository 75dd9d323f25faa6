/**
 * Which services a sidecar is told of: those that its namespace may call, and of these the ones that it is said to depend on.
 * What it is told costs it memory and time to start, whether it calls it or not.
 */
import { backendKey, backendsIn } from "../model/backend.ts";
import type { Key, MeshSnapshot, ServiceDefinition } from "../model/snapshot.ts";
import type { Dependencies } from "./dependencies.ts";
import type { Memo } from "./memo.ts";
import { type Demand, isLazy, serviceNamed } from "./on-demand.ts";
import type { Proxy } from "./proxy.ts";

export interface Scope {
  /** Tells it from other scopes of the same mesh; "" is everything. */
  readonly key: string;
  /** The same array for as long as nothing but endpoints of these services changes. */
  readonly catalog: readonly ServiceDefinition[];
  /** Services that it is told of when it asks for them. */
  readonly lazy: readonly ServiceDefinition[];
}

const NONE: readonly ServiceDefinition[] = [];

export function scopeOf({ catalog, services }: MeshSnapshot, proxy: Proxy, demand: Demand, memo: Memo): Scope {
  const { namespace } = proxy.workload;
  const visible = visibleTo({ catalog, services }, namespace, memo);
  const { dependencies } = proxy;
  if (dependencies.kind === "all") return visible;
  const auto = dependencies.kind === "auto";
  const asked = auto ? demandedBy(demand, namespace, services) : [];
  const key = `${visible.key}[${auto ? `auto:${asked.join()}` : dependencies.key}]`;
  return memo(`scope/${key}`, [visible.catalog], () => {
    const listed = auto ? isEager(asked) : isListed(dependencies);
    const wanted = withBackends(visible.catalog.filter(listed), services);
    const keep = (name: string, holds: (service: ServiceDefinition) => boolean): readonly ServiceDefinition[] =>
      // A change of the mesh that leaves these services alone leaves the list the very same.
      memo.kept(`scope/${name}/${key}`, visible.catalog.filter(holds));
    return {
      key,
      catalog: keep("told", (service) => wanted.has(service.key)),
      lazy: auto ? keep("lazy", (service) => !wanted.has(service.key)) : NONE,
    };
  });
}

/** Sorted. */
function demandedBy(
  { hosts, services: keys }: Demand,
  namespace: string,
  services: ReadonlyMap<Key, ServiceDefinition>,
): readonly Key[] {
  const named = hosts.flatMap((host) => serviceNamed(host, namespace, services)?.[0].key ?? []);
  return [...new Set([...keys, ...named])].sort();
}

function isEager(asked: readonly Key[]): (service: ServiceDefinition) => boolean {
  const known = new Set(asked);
  return (service) => known.has(service.key) || !isLazy(service);
}

/** Whether some service is not for every namespace. */
export function isRestricted(catalog: readonly ServiceDefinition[], memo: Memo): boolean {
  return memo("scope/restricted", [catalog], () => catalog.some(({ exportTo }) => exportTo !== undefined));
}

/** Services that the namespace may call, and those that their routes lead to. */
function visibleTo(
  { catalog, services }: Pick<MeshSnapshot, "catalog" | "services">,
  namespace: string,
  memo: Memo,
): Scope {
  if (!isRestricted(catalog, memo)) return { key: "", catalog, lazy: NONE };
  const visible = memo(`scope/visible/${namespace}`, [catalog], () => {
    const exported = catalog.filter(({ exportTo }) => exportTo?.includes(namespace) ?? true);
    const needed = withBackends(exported, services);
    return catalog.filter(({ key }) => needed.has(key));
  });
  return { key: namespace, catalog: memo(`scope/seen/${namespace}`, visible, () => visible), lazy: NONE };
}

function isListed(dependencies: Dependencies): (service: ServiceDefinition) => boolean {
  const entries = dependencies.kind === "listed" ? dependencies.entries : [];
  const listed = new Set(entries.map(({ namespace, name }) => `${namespace}/${name}`));
  // What is outside of the mesh is told to all: it is little, and a list of dependencies names Services.
  return ({ key, namespace, external }) => listed.has(key) || listed.has(`${namespace}/*`) || external !== undefined;
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

function backendKeysOf({ namespace, policy, attached = [] }: ServiceDefinition): readonly Key[] {
  const routes = policy?.spec.routes ?? attached.flatMap(({ routes: own }) => own);
  return backendsIn({ routes, tcp: policy?.spec.tcp }).flatMap(({ service }) =>
    service === undefined ? [] : [backendKey(namespace, service)],
  );
}
