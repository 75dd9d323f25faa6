/** How pods with sidecars are known; `inject/` puts these on them. */
import type { PodObject } from "../api/pod.ts";
import type { MeshSnapshot } from "../model/snapshot.ts";

/** Label of namespaces and pods: whether pods are to have a sidecar. */
export const INJECT = "heddle.dev/inject";
/** Annotation of pods with a sidecar: the hash of the template that it was made from. */
export const INJECTED = "heddle.dev/injected";
/** Label of pods with a sidecar. */
const PROXY = "heddle.dev/proxy";

export function isInjected({ meta }: PodObject): boolean {
  return INJECTED in meta.annotations;
}

/** Namespaces that hold pods with sidecars, or are to. */
export function injectedNamespaces({ namespaces, workloads }: MeshSnapshot): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { name, labels } of namespaces.values()) if (labels[INJECT] === "enabled") found.add(name);
  for (const { namespace, labels } of workloads.values()) if (labels[PROXY] === "true") found.add(namespace);
  return found;
}
