/** A cluster's mesh, read once. */
import { parseObject, type ApiKind } from "../api/parse-object.ts";
import type { Diagnostic } from "../base/diagnostic.ts";
import { isNotFound } from "../kube/errors.ts";
import type { KubeClient } from "../kube/client.ts";
import { listAll } from "../kube/list.ts";
import type { KubeObject } from "../kube/object.ts";
import { buildSnapshot } from "../model/build.ts";
import { objectSet, type Sourced } from "../model/objects.ts";
import { LIST_PATHS, OPTIONAL_KINDS } from "../source/kubernetes/kinds.ts";
import type { LoadedMesh } from "./load-mesh.ts";

export interface LoadedCluster extends LoadedMesh {
  /** The policies as the API server has them, with their status. */
  readonly policies: readonly KubeObject[];
}

/** @throws KubeError */
export async function loadCluster(client: KubeClient, clusterDomain: string): Promise<LoadedCluster> {
  const diagnostics: Diagnostic[] = [];
  const objects: Sourced[] = [];
  const lists = await Promise.all(
    (Object.keys(LIST_PATHS) as ApiKind[]).map(async (kind) => ({ kind, items: await listKind(client, kind) })),
  );
  for (const item of lists.flatMap(({ items }) => items)) {
    const parsed = parseObject(item);
    if (parsed.outcome === "object") objects.push({ object: parsed.object });
    else if (parsed.outcome === "invalid") diagnostics.push(...parsed.diagnostics);
  }
  const state = { objects: objectSet(objects), diagnostics, ignored: new Map() };
  const snapshot = buildSnapshot(state.objects, { clusterDomain, awaitPods: true });
  const policies = lists.find(({ kind }) => kind === "TrafficPolicy")?.items ?? [];
  return { state, snapshot, diagnostics: [...diagnostics, ...snapshot.diagnostics], policies };
}

/** None where the kind is not installed. */
async function listKind(client: KubeClient, kind: ApiKind): Promise<readonly KubeObject[]> {
  try {
    return (await listAll(client, { path: LIST_PATHS[kind] })).items;
  } catch (error) {
    if ((kind === "TrafficPolicy" || OPTIONAL_KINDS.has(kind)) && isNotFound(error)) return [];
    throw error;
  }
}
