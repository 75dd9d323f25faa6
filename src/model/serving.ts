/** Which services lead to which pod: what the pod's sidecar has to take in. */
import { createMultimap } from "../base/multimap.ts";
import { patchMap } from "./changes.ts";
import { portRecord } from "./endpoints.ts";
import { compareAge } from "./order.ts";
import { equal } from "./share.ts";
import type { Endpoint, Key, Service, ServiceDefinition, Serving, Workload } from "./snapshot.ts";
import { selects } from "./workloads.ts";

type Table = ReadonlyMap<Key, readonly Serving[]>;

export interface Changed<T> {
  readonly before: ReadonlyMap<Key, T> | undefined;
  readonly after: ReadonlyMap<Key, T>;
  readonly keys: Iterable<Key>;
}

/** A table that follows services and pods: a pod is looked at again when it, or a service that leads to it, has changed. */
export function createServingTable(): (services: Changed<Service>, workloads: Changed<Workload>) => Table {
  let table: Table = new Map();
  /** Services with an endpoint that is the pod. */
  const leading = createMultimap<Key, Key>();
  /** Services by a label that their selector asks for, and pods by each of their labels. */
  const selecting = createMultimap<string, Key>();
  const labelled = createMultimap<string, Key>();

  function relabelled(key: Key, before: Workload | undefined, after: Workload | undefined): void {
    for (const label of labelsOf(before)) labelled.delete(label, key);
    for (const label of labelsOf(after)) labelled.add(label, key);
  }

  /** Takes over one service. Yields the pods that it leads to otherwise than before. */
  function* follow(key: Key, before: Service | undefined, after: Service | undefined): Iterable<Key> {
    for (const { workload } of before?.endpoints ?? []) leading.delete(workload, key);
    for (const { workload } of after?.endpoints ?? []) leading.add(workload, key);
    if (before && before.definition === after?.definition) {
      yield* movedBetween(before.endpoints, after.endpoints);
      return;
    }
    for (const service of [before, after]) if (service) yield* podsOf(service);
    for (const label of indexLabels(before)) selecting.delete(label, key);
    for (const label of indexLabels(after)) selecting.add(label, key);
  }

  /** Pods that the service may lead to. */
  function* podsOf(service: Service): Iterable<Key> {
    for (const { workload } of service.endpoints) yield workload;
    for (const label of indexLabels(service)) yield* labelled.get(label);
  }

  function look(services: ReadonlyMap<Key, Service>, workload: Workload): readonly Serving[] | undefined {
    const candidates = new Set(leading.get(workload.key));
    for (const label of labelsOf(workload)) for (const service of selecting.get(label)) candidates.add(service);
    const found = [...candidates].map((key) => services.get(key)!).sort(compareAge);
    const serving = found.flatMap((service) => servingOf(service, workload) ?? []);
    return serving.length === 0 ? undefined : shareServing(table.get(workload.key), serving);
  }

  return (services, workloads) => {
    const dirty = new Set(workloads.keys);
    for (const key of dirty) relabelled(key, workloads.before?.get(key), workloads.after.get(key));
    for (const key of services.keys) {
      for (const pod of follow(key, services.before?.get(key), services.after.get(key))) dirty.add(pod);
    }
    const changes = [...dirty].map((key): [Key, readonly Serving[] | undefined] => {
      const workload = workloads.after.get(key);
      return [key, workload && look(services.after, workload)];
    });
    table = patchMap(table, new Map(changes));
    return table;
  };
}

function labelsOf(workload: Workload | undefined): readonly string[] {
  if (!workload) return [];
  return Object.entries(workload.labels).map(([name, value]) => labelKey(workload.namespace, name, value));
}

/** One of the selector's labels is enough to find candidates by; none for a service that selects nothing. */
function indexLabels(service: ServiceDefinition | undefined): readonly string[] {
  const [first] = Object.entries(service?.selector ?? {});
  return service && first ? [labelKey(service.namespace, ...first)] : [];
}

function labelKey(namespace: string, name: string, value: string): string {
  return `${namespace}/${name}=${value}`;
}

/** Pods that are an endpoint before or after only, or with other ports. */
function* movedBetween(before: readonly Endpoint[], after: readonly Endpoint[]): Iterable<Key> {
  const [old, now] = [portsByPod(before), portsByPod(after)];
  for (const [workload, ports] of now) if (!equal(old.get(workload), ports)) yield workload;
  for (const workload of old.keys()) if (!now.has(workload)) yield workload;
}

/** Of two addresses of one pod the first counts, as in `servingOf`. */
function portsByPod(endpoints: readonly Endpoint[]): ReadonlyMap<Key, Endpoint["ports"]> {
  return new Map(endpoints.toReversed().map(({ workload, ports }) => [workload, ports]));
}

function servingOf(service: Service, workload: Workload): Serving | undefined {
  const { key, definition } = service;
  const endpoint = service.endpoints.find((e) => e.workload === workload.key);
  if (endpoint) return { service: key, ports: endpoint.ports };
  if (service.namespace !== workload.namespace || !selects(service.selector, workload.labels)) return undefined;
  return { service: key, ports: declaredPorts(definition, workload) };
}

/** A pod that is selected and no endpoint yet: its ports are those that the service will lead to. */
function declaredPorts({ ports }: ServiceDefinition, { containerPorts }: Workload): Serving["ports"] {
  return portRecord(
    ports.flatMap(({ name, targetPort }) => {
      const number =
        typeof targetPort === "number" ? targetPort : containerPorts.find((port) => port.name === targetPort)?.port;
      return number === undefined ? [] : [[name, number] as const];
    }),
  );
}

function shareServing(before: readonly Serving[] | undefined, after: readonly Serving[]): readonly Serving[] {
  const same =
    before?.length === after.length &&
    after.every(({ service, ports }, i) => before[i]!.service === service && equal(before[i]!.ports, ports));
  return same ? before : after;
}
