/** The offline commands' way to a mesh: read the manifests once, build the snapshot as the server does. */
import { compareDiagnostics, type Diagnostic } from "../base/diagnostic.ts";
import { buildSnapshot } from "../model/build.ts";
import type { MeshSnapshot } from "../model/snapshot.ts";
import { loadDirectory } from "../source/directory/load.ts";
import type { SourceState } from "../source/source.ts";

export interface LoadedMesh {
  readonly snapshot: MeshSnapshot;
  readonly state: SourceState;
  readonly diagnostics: readonly Diagnostic[];
}

/** @throws HeddleError SOURCE_UNREADABLE */
export async function loadMesh(paths: readonly string[], clusterDomain: string): Promise<LoadedMesh> {
  const state = await loadDirectory(...paths);
  const snapshot = buildSnapshot(state.objects, { clusterDomain });
  return { snapshot, state, diagnostics: [...state.diagnostics, ...snapshot.diagnostics].sort(compareDiagnostics) };
}
