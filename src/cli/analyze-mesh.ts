/** What is wrong in a mesh: in its manifests, between its objects, and in what its sidecars would be told. */
import type { Diagnostic } from "../base/diagnostic.ts";
import { createEncoder } from "../control-plane/encode.ts";
import { distinctFindings } from "../control-plane/findings.ts";
import { withPlace } from "../model/objects.ts";
import { resolveProxy } from "../translate/proxy.ts";
import { DEFAULT_SETTINGS } from "../translate/settings.ts";
import { createTranslator } from "../translate/translate.ts";
import type { LoadedMesh } from "./load-mesh.ts";

/** Everything that `heddle analyze` finds, each once, in the order of files and lines; what stands in no file comes last. */
export function analyzeMesh(mesh: LoadedMesh, clusterDomain: string): readonly Diagnostic[] {
  const findings = distinctFindings([...mesh.diagnostics, ...translationFindings(mesh, clusterDomain)]);
  return findings.toSorted(byPlace);
}

function byPlace({ place: a }: Diagnostic, { place: b }: Diagnostic): number {
  if (!a || !b) return Number(!a) - Number(!b);
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line;
}

/** What only shows when the mesh is translated for each of its pods. */
function translationFindings({ snapshot, state }: LoadedMesh, clusterDomain: string): Diagnostic[] {
  const translate = createTranslator({ ...DEFAULT_SETTINGS, clusterDomain });
  const encode = createEncoder(() => {});
  return [...snapshot.workloads.values()].flatMap(({ name, namespace }) => {
    const proxy = resolveProxy(snapshot, `${name}.${namespace}`);
    if (!proxy) return [];
    const config = translate(snapshot, proxy);
    return [...config.diagnostics, ...encode(config).diagnostics].map((d) => withPlace(state.objects, d));
  });
}
