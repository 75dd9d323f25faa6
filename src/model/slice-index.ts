/** EndpointSlices by the service that they belong to, and by what they say of pods. */
import { type EndpointSliceObject, SERVICE_NAME_LABEL } from "../api/endpoint-slice.ts";
import type { PodObject } from "../api/pod.ts";
import { createMultimap } from "../base/multimap.ts";
import type { Sourced } from "./objects.ts";
import { compareText } from "./order.ts";
import type { Key } from "./snapshot.ts";

export interface SliceIndex {
  /** Sorted by name; none at all is not the same as some without endpoints. */
  of(service: Key): readonly EndpointSliceObject[] | undefined;
  /** Services with an endpoint that is this pod, by its name or by an address without a name. */
  servicesWith(pod: PodObject): Iterable<Key>;
  /** Services with an endpoint on one of these nodes. */
  servicesOn(nodes: ReadonlySet<string>): Iterable<Key>;
  /** Follows the slices of `changed`. Returns the services that they belong to, or belonged to. */
  update(slices: ReadonlyMap<Key, Sourced<EndpointSliceObject>>, changed: Iterable<Key>): ReadonlySet<Key>;
}

export function createSliceIndex(): SliceIndex {
  const slices = new Map<Key, EndpointSliceObject>();
  const ofService = createMultimap<Key, Key>();
  /** Keys of slices, by the key of a pod that they name or, for an endpoint without a name, by `@` and its address. */
  const mentioning = createMultimap<string, Key>();

  function mentions(slice: EndpointSliceObject): readonly string[] {
    const { namespace } = slice.meta;
    return slice.endpoints.map(({ pod, address }) => (pod === "" ? `@${address}` : `${namespace}/${pod}`));
  }

  function forget(key: Key): Key | undefined {
    const slice = slices.get(key);
    const service = slice && serviceOf(slice);
    if (!slice || service === undefined) return undefined;
    slices.delete(key);
    ofService.delete(service, key);
    for (const mention of mentions(slice)) mentioning.delete(mention, key);
    return service;
  }

  function add(key: Key, slice: EndpointSliceObject | undefined): Key | undefined {
    const service = slice && serviceOf(slice);
    if (!slice || service === undefined) return undefined;
    slices.set(key, slice);
    ofService.add(service, key);
    for (const mention of mentions(slice)) mentioning.add(mention, key);
    return service;
  }

  return {
    of(service) {
      const keys = ofService.get(service);
      if (keys.size === 0) return undefined;
      return [...keys].map((key) => slices.get(key)!).sort((a, b) => compareText(a.meta.name, b.meta.name));
    },
    *servicesWith({ meta, addresses }) {
      for (const mention of [`${meta.namespace}/${meta.name}`, ...addresses.map((address) => `@${address}`)]) {
        for (const key of mentioning.get(mention)) yield serviceOf(slices.get(key)!)!;
      }
    },
    *servicesOn(nodes) {
      if (nodes.size === 0) return;
      for (const slice of slices.values()) {
        if (slice.endpoints.some(({ node }) => nodes.has(node))) yield serviceOf(slice)!;
      }
    },
    update(all, changed) {
      const services = new Set<Key>();
      for (const key of changed) {
        for (const service of [forget(key), add(key, all.get(key)?.object)]) {
          if (service !== undefined) services.add(service);
        }
      }
      return services;
    },
  };
}

/** Undefined for a slice that no service owns any more. */
function serviceOf({ meta }: EndpointSliceObject): Key | undefined {
  const name = meta.labels[SERVICE_NAME_LABEL];
  return name === undefined || meta.deleting ? undefined : `${meta.namespace}/${name}`;
}
