/**
 * Endpoints from Pods, for folders of plain manifests that hold no EndpointSlices: what the cluster's endpoint controller
 * would make of them.
 */
import type { PodObject } from "../api/pod.ts";
import type { ServiceObject, ServicePortObject } from "../api/service.ts";
import { byAddress, portRecord, primaryFamily } from "./endpoints.ts";
import { localityOf } from "./locality.ts";
import type { ObjectSet } from "./objects.ts";
import type { Endpoint } from "./snapshot.ts";
import type { PodIndex } from "./pod-index.ts";
import { selects } from "./workloads.ts";

/** One endpoint an address of each pod that the service selects; of dual-stack pods the service's primary family. */
export function derivedEndpoints(objects: ObjectSet, pods: PodIndex, service: ServiceObject): readonly Endpoint[] {
  const selected = pods.inNamespace(service.meta.namespace).filter((pod) => selects(service.selector, pod.meta.labels));
  const found = new Map<string, Endpoint>();
  for (const pod of selected) {
    for (const endpoint of endpointsOf(objects, service, pod)) {
      if (!found.has(endpoint.address)) found.set(endpoint.address, endpoint);
    }
  }
  return [...found.values()].sort(byAddress);
}

function endpointsOf(objects: ObjectSet, service: ServiceObject, pod: PodObject): readonly Endpoint[] {
  const ready = service.publishNotReadyAddresses || (pod.ready && !pod.meta.deleting);
  const serving = service.publishNotReadyAddresses || pod.ready;
  if (pod.meta.deleting && !serving) return [];
  const ports = portRecord(
    service.ports.flatMap((port) => {
      const number = targetOf(port, pod);
      return number === undefined ? [] : [[port.name, number] as const];
    }),
  );
  const all = pod.addresses.map((address) => ({
    address,
    ports,
    ready,
    serving,
    terminating: pod.meta.deleting,
    ...localityOf(objects, pod.node, pod.meta.labels),
    node: pod.node,
    workload: `${pod.meta.namespace}/${pod.meta.name}`,
    labels: pod.meta.labels,
  }));
  return primaryFamily(service, all).slice(0, 1);
}

/** The container port behind a service port; undefined where the pod has none of that name. */
function targetOf(port: ServicePortObject, pod: PodObject): number | undefined {
  if (typeof port.targetPort === "number") return port.targetPort;
  return pod.ports.find(({ name }) => name === port.targetPort)?.port;
}
