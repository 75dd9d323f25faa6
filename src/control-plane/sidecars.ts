/** Which pods have a sidecar, which of those run an old one, and which should have one and have none. */
import type { PodObject } from "../api/pod.ts";
import type { ObjectSet } from "../model/objects.ts";
import { INJECT, INJECTED, isInjected } from "./injected.ts";

export interface SidecarOverview {
  /** Hash of the template that new sidecars are made from; undefined where Heddle injects none. */
  readonly template: string | undefined;
  readonly sidecars: readonly Sidecar[];
  /** Pods of namespaces with injection that run without a sidecar, as `<pod>.<namespace>`. */
  readonly missing: readonly string[];
}

export interface Sidecar {
  /** `<pod>.<namespace>`. */
  readonly id: string;
  /** Hash of the template that it was made from. */
  readonly template: string;
  readonly ready: boolean;
}

export function overviewSidecars(objects: ObjectSet, template: string | undefined): SidecarOverview {
  const pods = [...objects.Pod.values()].map(({ object }) => object).filter((pod) => !pod.finished);
  const sidecars = pods.filter(isInjected).map((pod) => {
    return { id: idOf(pod), template: pod.meta.annotations[INJECTED] ?? "", ready: pod.ready };
  });
  const missing = pods.filter((pod) => !isInjected(pod) && !pod.meta.deleting && isWanted(objects, pod)).map(idOf);
  return { template, sidecars: sidecars.sort((a, b) => (a.id < b.id ? -1 : 1)), missing: missing.sort() };
}

/** The pod's label decides, then its namespace's; a pod on the host's network is never given a sidecar. */
function isWanted(objects: ObjectSet, { meta, hostNetwork }: PodObject): boolean {
  const label = meta.labels[INJECT] ?? objects.Namespace.get(meta.namespace)?.object.meta.labels[INJECT];
  return label === "enabled" && !hostNetwork;
}

function idOf({ meta }: PodObject): string {
  return `${meta.name}.${meta.namespace}`;
}
