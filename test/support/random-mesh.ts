/** Random meshes: valid and broken manifests, translated for every pod in them. */
import { createModel, type Model } from "../../src/model/build.ts";
import { objectSet } from "../../src/model/objects.ts";
import type { MeshSnapshot } from "../../src/model/snapshot.ts";
import { resolveProxy } from "../../src/translate/proxy.ts";
import { createTranslator, type ProxyConfig, type Translator } from "../../src/translate/translate.ts";
import { parsedObjects } from "./arbitrary-manifests.ts";

export function createTestModel(): Model {
  return createModel({ clusterDomain: "cluster.local" });
}

/** @param model the one that the snapshot before was made with, if any */
export function snapshotOfManifests(manifests: readonly unknown[], model = createTestModel()): MeshSnapshot {
  return model(objectSet(parsedObjects(manifests)));
}

/** The configuration of every pod of a snapshot, by proxy id. */
export function translateAll(snapshot: MeshSnapshot, translate = createTranslator()): ReadonlyMap<string, ProxyConfig> {
  return translateEach(snapshot, () => translate);
}

/** The same with a translator for each pod, which has nothing to share. */
export function translateAlone(snapshot: MeshSnapshot): ReadonlyMap<string, ProxyConfig> {
  return translateEach(snapshot, () => createTranslator());
}

function translateEach(snapshot: MeshSnapshot, translatorOf: () => Translator): ReadonlyMap<string, ProxyConfig> {
  const configs = [...snapshot.workloads.values()].map(({ name, namespace }): [string, ProxyConfig] => {
    const id = `${name}.${namespace}`;
    const proxy = resolveProxy(snapshot, id);
    if (!proxy) throw new Error(`${id} does not resolve to its pod`);
    return [id, translatorOf()(snapshot, proxy)];
  });
  return new Map(configs);
}
