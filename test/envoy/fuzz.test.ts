/** What random meshes translate to is accepted by a real Envoy, all of it. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { createEncoder, resourcesOf } from "../../src/control-plane/encode.ts";
import { renderResources } from "../../src/control-plane/render.ts";
import { arbitraryRoutes } from "../support/arbitrary-gateway.ts";
import { arbitraryManifests } from "../support/arbitrary-manifests.ts";
import { validateBootstrap } from "../support/envoy.ts";
import { snapshotOfManifests, translateAll } from "../support/random-mesh.ts";
import { staticBootstrap } from "../support/static-bootstrap.ts";

test("a real Envoy refuses nothing of 100 random meshes", async () => {
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(arbitraryManifests(), async (documents) => {
      for (const config of [...translateAll(snapshotOfManifests(documents)).values()].slice(0, 2)) {
        const resources = resourcesOf(createEncoder(() => {})(config));
        expect(await validateBootstrap(staticBootstrap(renderResources(resources)))).toBeUndefined();
        runs++;
      }
    }),
    { numRuns: 100 },
  );
  expect(runs).toBeGreaterThan(50);
});

test.each(["1.40.0", "1.37.0"])(
  "Envoy %s refuses nothing of 60 meshes with random routes of the Gateway API",
  async (version) => {
    let attached = 0;
    await fc.assert(
      fc.asyncProperty(arbitraryRoutes(), async (documents) => {
        const snapshot = snapshotOfManifests(documents);
        for (const service of snapshot.services.values()) {
          for (const { routes } of service.attached ?? []) attached += routes.length;
        }
        for (const config of translateAll(snapshot).values()) {
          const encoded = createEncoder(() => {})(config);
          expect(encoded.diagnostics).toEqual([]);
          const resources = resourcesOf(encoded);
          expect(await validateBootstrap(staticBootstrap(renderResources(resources)), version)).toBeUndefined();
        }
      }),
      { numRuns: 60 },
    );
    expect(attached).toBeGreaterThan(200);
  },
);
