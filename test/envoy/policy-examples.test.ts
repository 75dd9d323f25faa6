/** The examples of the reference are accepted by real Envoys: what callers are sent, and what the called are. */
import { describe, expect, test } from "vitest";
import { DEFAULT_VERSION, OLDEST_VERSION } from "../../scripts/envoy.ts";
import { EXAMPLE_MESH, policyExamples } from "../../scripts/reference/examples.ts";
import { createEncoder, resourcesOf } from "../../src/control-plane/encode.ts";
import { renderResources } from "../../src/control-plane/render.ts";
import { buildSnapshot } from "../../src/model/build.ts";
import { loadDirectory } from "../../src/source/directory/load.ts";
import { resolveProxy } from "../../src/translate/proxy.ts";
import { createTranslator } from "../../src/translate/translate.ts";
import { validateBootstrap } from "../support/envoy.ts";
import { staticBootstrap } from "../support/static-bootstrap.ts";

describe.each([DEFAULT_VERSION, OLDEST_VERSION])("Envoy %s accepts", (version) => {
  test.each(policyExamples().map(({ name, file }) => [name, file] as const))("%s", async (name, file) => {
    const { objects } = await loadDirectory(EXAMPLE_MESH, file);
    const snapshot = buildSnapshot(objects, { clusterDomain: "cluster.local" });
    const called = name.startsWith("inbound") ? ["checkout-1.shop"] : [];
    for (const id of ["web.shop", ...called]) {
      const encoded = createEncoder(() => {})(createTranslator()(snapshot, resolveProxy(snapshot, id)!));
      expect(encoded.diagnostics).toEqual([]);
      const sections = renderResources(resourcesOf(encoded));
      expect(await validateBootstrap(staticBootstrap(sections), version)).toBeUndefined();
    }
  });
});
