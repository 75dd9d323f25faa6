import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildSnapshot, createModel } from "../../src/model/build.ts";
import type { MeshSnapshot } from "../../src/model/snapshot.ts";
import { arbitraryEvents, statesOf } from "../support/arbitrary-events.ts";

const MAPS = ["services", "serving", "workloads", "namespaces", "policies", "gatewayRoutes"] as const;

describe("a snapshot that is made of the one before", () => {
  test.each([true, false])(
    "is what a fresh one is, after every event (endpoints await their pods: %s)",
    (awaitPods) => {
      const options = { clusterDomain: "cluster.local", awaitPods };
      fc.assert(
        fc.property(arbitraryEvents(), (events) => {
          const model = createModel(options);
          for (const objects of statesOf(events)) {
            const snapshot = model(objects);
            const fresh = buildSnapshot(objects, options);
            expect(plain(snapshot)).toEqual(plain(fresh));
          }
        }),
        { numRuns: 150 },
      );
    },
  );

  test("keeps the identity of everything that is as it was", () => {
    fc.assert(
      fc.property(arbitraryEvents(), (events) => {
        const model = createModel({ clusterDomain: "cluster.local" });
        let before: MeshSnapshot | undefined;
        for (const objects of statesOf(events)) {
          const after = model(objects);
          for (const part of MAPS) {
            for (const [key, value] of after[part] as ReadonlyMap<string, unknown>) {
              const old = before?.[part].get(key);
              if (old !== undefined && old !== value) expect(value).not.toEqual(old);
            }
          }
          before = after;
        }
      }),
      { numRuns: 100 },
    );
  });
});

/** Maps as lists, so that their order counts. */
function plain(snapshot: MeshSnapshot): unknown {
  return {
    ...snapshot,
    ...Object.fromEntries(MAPS.map((part) => [part, [...(snapshot[part] as ReadonlyMap<string, unknown>)]])),
  };
}
