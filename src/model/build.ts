/**
 * API objects in, one immutable mesh snapshot out. No clock, no I/O, and user mistakes come out as diagnostics. What changed is
 * looked at again, and nothing else: the work follows the change, not the mesh.
 */
import type { ExternalServiceObject } from "../api/external-service.ts";
import type { ServiceObject } from "../api/service.ts";
import { changedKeys, changedObjects, patchMap } from "./changes.ts";
import { misspeltProtocols, portsWithoutEndpoint } from "./analysis/service-port.ts";
import { attach } from "./attach.ts";
import type { Endpoints } from "./endpoints.ts";
import { exportOf } from "./export-to.ts";
import { createFindings } from "./findings.ts";
import { createGatewayTable } from "./gateway-table.ts";
import { localityOf } from "./locality.ts";
import { namespacesOf } from "./namespaces.ts";
import type { ObjectSet } from "./objects.ts";
import { compareAge } from "./order.ts";
import { createPodIndex } from "./pod-index.ts";
import { policyOf } from "./policy.ts";
import { changedDeclarations, declaredAt, definitionAt } from "./declared.ts";
import { endpointsOf } from "./services.ts";
import { createServingTable } from "./serving.ts";
import { share } from "./share.ts";
import { createSliceIndex } from "./slice-index.ts";
import type { Key, MeshSnapshot, Policy, Service, ServiceDefinition } from "./snapshot.ts";
import { selects, workloadOf } from "./workloads.ts";

export interface BuildOptions {
  /** DNS suffix of the cluster, without dots around it: `cluster.local`. */
  readonly clusterDomain: string;
  /**
   * Endpoints that name a pod wait until it is known with that address: in a cluster both come, in any order, and an endpoint
   * without its pod's labels would be in no subset. In a folder a pod may be left out for good.
   */
  readonly awaitPods?: boolean;
}

/**
 * The snapshot of a set of objects. What comes out equal to its counterpart in the snapshot before is the very same object:
 * services, workloads, policies, and the maps themselves where nothing in them changed.
 */
export type Model = (objects: ObjectSet) => MeshSnapshot;

/** The snapshot of a set of objects, with nothing before it. */
export function buildSnapshot(objects: ObjectSet, options: BuildOptions): MeshSnapshot {
  return createModel(options)(objects);
}

const EMPTY: MeshSnapshot = {
  services: new Map(),
  catalog: [],
  serving: new Map(),
  workloads: new Map(),
  namespaces: new Map(),
  policies: new Map(),
  gatewayRoutes: new Map(),
  diagnostics: [],
};

export function createModel(options: BuildOptions): Model {
  const pods = createPodIndex();
  const slices = createSliceIndex();
  const findings = createFindings();
  const serve = createServingTable();
  const gateway = createGatewayTable();
  let before: ObjectSet | undefined;
  let mesh = EMPTY;
  /** Without their policies. */
  let bare: ReadonlyMap<Key, ServiceDefinition> = new Map();
  let inForce: ReadonlyMap<Key, Policy> = new Map();

  return (objects) => {
    const nodes = movedNodes(before, objects);
    const changedPods = new Set(changedObjects(before?.Pod, objects.Pod));
    if (nodes.size > 0) {
      for (const [key, { object }] of objects.Pod) if (nodes.has(object.node)) changedPods.add(key);
    }
    const touched = changedDeclarations(before, objects);
    const declared = patch(bare, touched, (key) => definitionAt(objects, key, options.clusterDomain));
    const changedSlices = changedObjects(before?.EndpointSlice, objects.EndpointSlice);
    for (const key of slices.update(objects.EndpointSlice, changedSlices)) touched.add(key);
    pods.update(objects.Pod, changedPods);
    for (const key of servicesOfPods(changedPods, nodes, objects)) touched.add(key);

    const workloads = patch(mesh.workloads, changedPods, (key) => {
      const object = objects.Pod.get(key)?.object;
      return object && workloadOf(objects, object);
    });
    const changedPolicies = changedObjects(before?.TrafficPolicy, objects.TrafficPolicy);
    const policies = patch(mesh.policies, changedPolicies, (key) => {
      const object = objects.TrafficPolicy.get(key)?.object;
      return object && policyOf(object);
    });
    if (declared !== bare || policies !== mesh.policies || !before) {
      const attached = attach(declared, policies.values());
      for (const key of changedKeys(inForce, attached.inForce)) touched.add(key);
      for (const key of changedKeys(bare, declared)) touched.add(key);
      findings.attachment(attached.diagnostics);
      inForce = attached.inForce;
      bare = declared;
    }
    const gatewayRoutes = gateway.update(objects, { services: bare, inForce });
    for (const key of gateway.changed) touched.add(key);
    findings.gateway(gateway.diagnostics);
    const services = patchMap(mesh.services, new Map([...touched].map((key) => [key, service(objects, key)])));
    const changedServices = [...touched].filter((key) => services.get(key) !== mesh.services.get(key));
    const catalog = catalogOf(services, changedServices);
    findings.policies(
      { services, policies, sidecars: workloads.size },
      { services: changedServices, policies: changedPolicies },
    );
    findings.catalog(catalog);
    const serving = serve(
      { before: mesh.services, after: services, keys: changedServices },
      { before: mesh.workloads, after: workloads, keys: changedPods },
    );
    const namespaces = namespacesOf(mesh.namespaces, before, objects);
    const diagnostics = findings.all(objects);
    before = objects;
    mesh = { services, catalog, serving, workloads, namespaces, policies, gatewayRoutes, diagnostics };
    return mesh;
  };

  /** Services that pods may have joined, left, or changed in. */
  function* servicesOfPods(keys: ReadonlySet<Key>, nodes: ReadonlySet<string>, objects: ObjectSet): Iterable<Key> {
    const changed = [...keys].flatMap((key) =>
      [before?.Pod.get(key), objects.Pod.get(key)].flatMap((sourced) => (sourced ? [sourced.object] : [])),
    );
    for (const pod of changed) yield* slices.servicesWith(pod);
    yield* slices.servicesOn(nodes);
    if (changed.length === 0) return;
    const byNamespace = Map.groupBy(changed, (pod) => pod.meta.namespace);
    for (const [key, { object }] of objects.Service) {
      const inNamespace = byNamespace.get(object.meta.namespace) ?? [];
      if (slices.of(key) === undefined && selectsSome(object, inNamespace)) yield key;
    }
  }

  function service(objects: ObjectSet, key: Key): Service | undefined {
    const object = declaredAt(objects, key);
    const own = bare.get(key);
    if (!object || !own) {
      findings.service(key, []);
      return undefined;
    }
    const previous = mesh.services.get(key);
    const found = foundAt(objects, object, key);
    findings.service(key, [...exportOf(object).diagnostics, ...found.diagnostics]);
    const policy = inForce.get(key);
    const attached = gateway.attached.get(key);
    const definition = share(previous?.definition, {
      ...own,
      ...(policy && { policy }),
      ...(attached && { attached }),
    });
    const endpoints = share(previous?.endpoints, found.endpoints);
    if (previous?.definition === definition && previous.endpoints === endpoints) return previous;
    return { ...definition, definition, endpoints };
  }

  /** The endpoints of a service, and what is wrong with them; the sidecars find those of an ExternalService by themselves. */
  function foundAt(objects: ObjectSet, object: ServiceObject | ExternalServiceObject, key: Key): Endpoints {
    if (object.kind === "ExternalService") return { endpoints: [], diagnostics: [] };
    const found = endpointsOf(objects, pods, object, slices.of(key), options.awaitPods);
    const ports = [...misspeltProtocols(object), ...portsWithoutEndpoint(object, found)];
    return { ...found, diagnostics: [...found.diagnostics, ...ports] };
  }

  function catalogOf(services: ReadonlyMap<Key, Service>, changed: readonly Key[]): readonly ServiceDefinition[] {
    const same = (key: Key): boolean => services.get(key)?.definition === mesh.services.get(key)?.definition;
    if (changed.every(same)) return mesh.catalog;
    return [...services.values()].map(({ definition }) => definition).sort(compareAge);
  }
}

/** A map with the values of some keys made anew; one that comes out equal stays the object that it was. */
function patch<V>(
  before: ReadonlyMap<Key, V>,
  keys: Iterable<Key>,
  make: (key: Key) => V | undefined,
): ReadonlyMap<Key, V> {
  return patchMap(before, new Map([...keys].map((key) => [key, share(before.get(key), make(key))])));
}

function selectsSome(
  service: ServiceObject,
  candidates: readonly { readonly meta: { readonly labels: Readonly<Record<string, string>> } }[],
): boolean {
  return candidates.some(({ meta }) => selects(service.selector, meta.labels));
}

/** Nodes that are in another place than before. */
function movedNodes(before: ObjectSet | undefined, after: ObjectSet): ReadonlySet<string> {
  if (!before) return new Set();
  const moved = [...changedObjects(before.Node, after.Node)].filter((node) => {
    const [from, to] = [localityOf(before, node, {}), localityOf(after, node, {})];
    return from.region !== to.region || from.zone !== to.zone;
  });
  return new Set(moved);
}
