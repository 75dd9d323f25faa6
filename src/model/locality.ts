/** Where things run. */
import { REGION_LABEL, ZONE_LABEL } from "../api/cluster-scoped.ts";
import type { ObjectSet } from "./objects.ts";

export interface Locality {
  readonly region: string;
  readonly zone: string;
}

/**
 * The locality of what runs on a node: the node's labels, else the pod's own, which is how folders of manifests without
 * nodes say it. "" where nothing says so.
 */
export function localityOf(objects: ObjectSet, node: string, podLabels: Readonly<Record<string, string>>): Locality {
  const nodeLabels = objects.Node.get(node)?.object.meta.labels ?? {};
  return {
    region: nodeLabels[REGION_LABEL] ?? podLabels[REGION_LABEL] ?? "",
    zone: nodeLabels[ZONE_LABEL] ?? podLabels[ZONE_LABEL] ?? "",
  };
}
