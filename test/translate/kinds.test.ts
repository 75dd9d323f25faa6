/** Sidecars of one kind are made one configuration: it must be what each would be made alone, whatever their pods differ in. */
import fc from "fast-check";
import { expect, test } from "vitest";

import { createEncoder, resourcesOf } from "../../src/control-plane/encode.ts";
import type { MeshSnapshot, Serving, Workload } from "../../src/model/snapshot.ts";
import { resolveProxy } from "../../src/translate/proxy.ts";
import { DEPENDENCIES } from "../../src/translate/dependencies.ts";
import { createTranslator, type ProxyConfig } from "../../src/translate/translate.ts";
import type { MeshSettings } from "../../src/translate/settings.ts";
import { arbitraryManifests } from "../support/arbitrary-manifests.ts";
import { goldenCases, translateCase } from "../support/golden-case.ts";
import { snapshotOfManifests } from "../support/random-mesh.ts";

/** What a twin may have of its own, or of another pod. */
const PLACES = { node: "n2", region: "r2", zone: "z2" };
const DIFFERENCES: readonly ((workload: Workload, other: Workload) => Partial<Workload>)[] = [
  () => ({}),
  ({ addresses }) => ({ addresses }),
  (_, { addresses }) => ({ addresses }),
  (_, { labels }) => ({ labels }),
  (_, { annotations }) => ({ annotations }),
  (_, { serviceAccount }) => ({ serviceAccount }),
  (_, { node, region, zone }) => ({ node, region, zone }),
  (_, { containerPorts }) => ({ containerPorts }),
  ({ ready }) => ({ ready: !ready }),
  ({ region }) => ({ ...PLACES, region }),
  () => PLACES,
  ({ annotations }) => ({ annotations: { ...annotations, [DEPENDENCIES]: "auto" } }),
  ({ annotations }) => ({ annotations: { ...annotations, [DEPENDENCIES]: "checkout" } }),
  ({ annotations }) => ({ annotations: { ...annotations, [DEPENDENCIES]: "*" } }),
];

/** The snapshot with a few more pods for each, which differ from it in little. */
function withTwins(mesh: MeshSnapshot): MeshSnapshot {
  const workloads = new Map(mesh.workloads);
  const serving = new Map(mesh.serving);
  const all = [...mesh.workloads.values()];
  const add = (twin: Workload, served: readonly Serving[] | undefined): void => {
    workloads.set(twin.key, twin);
    if (served) serving.set(twin.key, served);
  };
  for (const [n, workload] of all.entries()) {
    const other = all[(n + 1) % all.length]!;
    for (const [i, difference] of DIFFERENCES.entries()) {
      const named = (
        how: string,
        namespace = workload.namespace,
      ): Pick<Workload, "name" | "namespace" | "key" | "ref"> => {
        const name = `${workload.name}-${how}-${i}`;
        return { name, namespace, key: `${namespace}/${name}`, ref: { ...workload.ref, namespace, name } };
      };
      const own = { ...workload, addresses: [`10.99.${n}.${i}`], ...difference(workload, other) };
      add({ ...own, ...named("same") }, mesh.serving.get(workload.key));
      if (i % 3 > 0) continue;
      add({ ...own, ...named("serves") }, mesh.serving.get(other.key));
      add({ ...own, ...named("moved", other.namespace) }, mesh.serving.get(workload.key));
    }
  }
  return { ...mesh, workloads, serving };
}

const encoder = createEncoder(() => {});

function fingerprint(config: ProxyConfig): unknown {
  const lines = resourcesOf(encoder(config)).map(({ typeUrl, name, hash }) => `${typeUrl} ${name} ${hash}`);
  return { lines, diagnostics: config.diagnostics };
}

/** @returns how many pods there were, and how many configurations */
function expectEachAsAlone(mesh: MeshSnapshot, settings?: MeshSettings): readonly [number, number] {
  const shared = createTranslator(settings);
  const kinds = new Set<ProxyConfig>();
  for (const { name, namespace } of mesh.workloads.values()) {
    const proxy = resolveProxy(mesh, `${name}.${namespace}`)!;
    const config = shared(mesh, proxy);
    kinds.add(config);
    expect(fingerprint(config), proxy.id).toEqual(fingerprint(createTranslator(settings)(mesh, proxy)));
  }
  return [mesh.workloads.size, kinds.size];
}

test("twins of every pod of every golden case", async () => {
  let [pods, kinds] = [0, 0];
  for (const golden of goldenCases()) {
    const { snapshot } = await translateCase(golden);
    const [more, distinct] = expectEachAsAlone(withTwins(snapshot), golden.settings);
    pods += more;
    kinds += distinct;
  }
  // Otherwise nothing was shared that could have been wrong.
  expect(kinds).toBeLessThan(pods / 2);
});

test("twins of every pod of random meshes", () => {
  let [pods, kinds] = [0, 0];
  fc.assert(
    fc.property(arbitraryManifests(20), (documents) => {
      const [more, distinct] = expectEachAsAlone(withTwins(snapshotOfManifests(documents)));
      pods += more;
      kinds += distinct;
    }),
    { numRuns: 100 },
  );
  expect(kinds).toBeLessThan(pods * 0.9);
});
