/** No TrafficPolicy changes a listener: one that changes drains its connections. */
import { globSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { abTest, mirrored, outlierDetection, retries, split } from "../../examples/quickstart/policy.ts";
import { createEncoder, resourcesOf } from "../../src/control-plane/encode.ts";
import type { ObjectSet } from "../../src/model/objects.ts";
import { objectSet } from "../../src/model/objects.ts";
import { loadDirectory } from "../../src/source/directory/load.ts";
import { LISTENER } from "../../src/xds/index.ts";
import { arbitraryManifests, parsedObjects } from "../support/arbitrary-manifests.ts";
import { GOLDEN_FOLDER, goldenCases } from "../support/golden-case.ts";
import { POLICY_CASES, TARGET } from "../support/policy-cases.ts";
import { createTestModel, translateAll } from "../support/random-mesh.ts";

interface Outcome {
  /** Name and hash of the listeners of all sidecars, and of everything else. */
  readonly listeners: readonly string[];
  readonly others: readonly string[];
}

function outcomeOf(objects: ObjectSet): Outcome {
  const all = [...translateAll(createTestModel()(objects))].flatMap(([id, config]) =>
    resourcesOf(createEncoder(() => {})(config)).map(({ typeUrl, name, hash }) => ({
      typeUrl,
      text: `${id} ${typeUrl} ${name} ${hash}`,
    })),
  );
  const [listeners = [], others = []] = [true, false].map((wanted) =>
    all.filter(({ typeUrl }) => (typeUrl === LISTENER) === wanted).map(({ text }) => text),
  );
  return { listeners, others };
}

/** Expects the listeners to be the same without any policy; tells whether anything else differs. */
function changesNoListener(objects: ObjectSet): boolean {
  const before = outcomeOf({ ...objects, TrafficPolicy: new Map() });
  const after = outcomeOf(objects);
  expect(after.listeners).toEqual(before.listeners);
  return after.others.join() !== before.others.join();
}

const objectsOf = (manifests: readonly unknown[]): ObjectSet => objectSet(parsedObjects(manifests));

describe("no listener is changed", () => {
  test("by the policies of the goldens", async () => {
    let effective = 0;
    let policies = 0;
    for (const { name } of goldenCases()) {
      const { objects } = await loadDirectory(join(GOLDEN_FOLDER, name, "in.yaml"));
      policies += objects.TrafficPolicy.size;
      if (changesNoListener(objects)) effective++;
    }
    expect(policies).toBeGreaterThan(40);
    expect(effective).toBeGreaterThan(40);
  });

  test("by the policies of the examples", async () => {
    const folders = new Set(globSync(join(import.meta.dirname, "../../examples/**/*.yaml")).map(dirname));
    expect([...folders].map((folder) => basename(dirname(folder)))).toContain("quickstart");
    const steps = [abTest, mirrored(10), outlierDetection, retries(2), split(95, 5)];
    const texts = steps.flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as unknown));
    let effective = 0;
    for (const folder of folders) {
      const { objects } = await loadDirectory(folder);
      if (objects.Service.size === 0) continue;
      if (changesNoListener(objects)) effective++;
      if (!folder.includes("quickstart")) continue;
      for (const policy of texts) {
        const { TrafficPolicy } = objectsOf([policy]);
        expect(TrafficPolicy.size).toBe(1);
        expect(changesNoListener({ ...objects, TrafficPolicy })).toBe(true);
        effective++;
      }
    }
    expect(effective).toBeGreaterThanOrEqual(steps.length);
  });

  const metadata = { namespace: "shop" };
  const ports = [
    ["http", 80],
    ["grpc", 81],
    ["tcp", 82],
    ["tls", 83],
    ["web", 84],
  ].map(([name, port]) => ({ name, port, targetPort: port }));
  const pod = (name: string, podIP: string, labels: object, annotations: object = {}): unknown => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { ...metadata, name, labels, annotations },
    spec: { containers: [{ name: "app" }] },
    status: { podIP },
  });
  const mesh = [
    ...["checkout", "a", "b"].map((name, i) => ({
      apiVersion: "v1",
      kind: "Service",
      metadata: { ...metadata, name },
      spec: { clusterIP: `10.96.0.${i + 1}`, ports, selector: { app: name } },
    })),
    pod("web", "10.0.0.1", { app: "web" }),
    pod("other", "10.0.0.2", { app: "web" }, { "heddle.dev/capture": "explicit" }),
    pod("checkout-1", "10.0.0.3", { app: "checkout", version: "v1" }),
    pod("checkout-2", "10.0.0.4", { app: "checkout", version: "v2" }),
  ];

  test.each(POLICY_CASES)("by the right policy beside: $title", ({ right }) => {
    const policy = {
      apiVersion: "heddle.dev/v1alpha1",
      kind: "TrafficPolicy",
      metadata: { ...metadata, name: "p" },
      spec: { targetRefs: TARGET, ...right },
    };
    const objects = objectsOf([...mesh, policy]);
    expect(objects.TrafficPolicy.size).toBe(1);
    expect(outcomeOf(objects).listeners.length).toBeGreaterThan(10);
    changesNoListener(objects);
  });

  test("by random policies", () => {
    let effective = 0;
    fc.assert(
      fc.property(arbitraryManifests(), (documents) => {
        if (changesNoListener(objectsOf(documents))) effective++;
      }),
      { numRuns: 600 },
    );
    expect(effective).toBeGreaterThan(20);
  });
});
