/** Pods as the mesh sees them. */
import type { PodObject } from "../api/pod.ts";
import { refOf } from "../api/parse-object.ts";
import { localityOf } from "./locality.ts";
import type { ObjectSet } from "./objects.ts";
import type { Workload } from "./snapshot.ts";

export function workloadOf(objects: ObjectSet, pod: PodObject): Workload {
  const { name, namespace, labels, annotations } = pod.meta;
  return {
    ref: refOf(pod),
    key: `${namespace}/${name}`,
    namespace,
    name,
    addresses: pod.addresses,
    labels,
    annotations,
    serviceAccount: pod.serviceAccount,
    ready: pod.ready && !pod.finished,
    node: pod.node,
    ...localityOf(objects, pod.node, labels),
    containerPorts: pod.ports,
  };
}

/** All labels of the selector are there and equal. An empty selector selects nothing, as in a Service. */
export function selects(selector: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>>): boolean {
  const wanted = Object.entries(selector);
  return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value);
}
