import { INJECT_LABEL, SIDECAR } from "./names.ts";
import type { PodJson } from "./pod-json.ts";

/** Whether a pod gets a sidecar, and why it does not. */
export type Decision = { readonly inject: true } | { readonly inject: false; readonly reason: Reason };

/**
 * - `not-asked`: neither the pod nor its namespace asks for it
 * - `opted-out`: the pod says no
 * - `host-network`: the pod has no network of its own to capture
 * - `has-one`: it was injected already
 */
export type Reason = "not-asked" | "opted-out" | "host-network" | "has-one";

/** The pod's label decides, then its namespace's. */
export function decide(pod: PodJson, namespaceLabels: Readonly<Record<string, string>>): Decision {
  const own = pod.metadata?.labels?.[INJECT_LABEL];
  if (own === "disabled") return { inject: false, reason: "opted-out" };
  if (own !== "enabled" && namespaceLabels[INJECT_LABEL] !== "enabled") return { inject: false, reason: "not-asked" };
  if (pod.spec.hostNetwork) return { inject: false, reason: "host-network" };
  if (pod.spec.initContainers?.some(({ name }) => name === SIDECAR)) return { inject: false, reason: "has-one" };
  return { inject: true };
}
