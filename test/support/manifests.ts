/** Manifests as text in tests, so that a test reads like what a user writes. */
import type { MeshSnapshot } from "../../src/model/snapshot.ts";
import { buildSnapshot, createModel } from "../../src/model/build.ts";
import { objectSet, type ObjectSet } from "../../src/model/objects.ts";
import { parseManifests } from "../../src/source/directory/parse.ts";
import { formatDiagnostic } from "../../src/base/diagnostic.ts";

/** The objects of a text that must be free of mistakes. */
export function objectsOf(yaml: string): ObjectSet {
  const parsed = parseManifests("test.yaml", yaml);
  if (parsed.diagnostics.length > 0) throw new Error(parsed.diagnostics.map(formatDiagnostic).join("\n"));
  return objectSet(parsed.objects);
}

/** The snapshot of a text whose every document must be valid. */
export function snapshotOf(yaml: string): MeshSnapshot {
  return buildSnapshot(objectsOf(yaml), { clusterDomain: "cluster.local" });
}

/** Snapshots of one text after another, each made from the one before. */
export function snapshots(): (yaml: string) => MeshSnapshot {
  const model = createModel({ clusterDomain: "cluster.local" });
  return (yaml) => model(objectsOf(yaml));
}
