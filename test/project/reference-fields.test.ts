/** The reference's mapping of fields to Envoy's is whole and true. */
import { beforeAll, describe, expect, test } from "vitest";
import { ENVOY_FIELDS } from "../../scripts/reference/envoy-fields.ts";
import { EXAMPLE_MESH, placesOf, policyExamples } from "../../scripts/reference/examples.ts";
import { leavesOf, specSchema } from "../../scripts/reference/schema.ts";
import { buildSnapshot } from "../../src/model/build.ts";
import type { ObjectSet } from "../../src/model/objects.ts";
import { loadDirectory } from "../../src/source/directory/load.ts";
import { envoyRegistry } from "../../src/xds/registry.ts";
import { envoyFields, without } from "../support/reference-proof.ts";

const leaves = leavesOf(specSchema());
const examples = policyExamples();
let mesh: ObjectSet;
/** Of each example. */
let fields: ReadonlyMap<string, ReadonlyMap<string, string>>;
beforeAll(async () => {
  mesh = (await loadDirectory(EXAMPLE_MESH)).objects;
  fields = new Map(examples.map(({ name, manifest }) => [name, envoyFields(mesh, manifest)]));
});

test("every field has a row, and no row is left over", () => {
  expect(Object.keys(ENVOY_FIELDS).sort()).toEqual(leaves.map(({ path }) => path).sort());
});

test("every field that is named is one of Envoy's", () => {
  const unknown = Object.values(ENVOY_FIELDS)
    .flat()
    .filter((name) => {
      const dot = name.lastIndexOf(".");
      const message = envoyRegistry.getMessage(`envoy.${name.slice(0, dot)}`);
      return !message?.fields.some((field) => field.name === name.slice(dot + 1));
    });
  expect(unknown).toEqual([]);
});

test.each(examples.map((example) => [example.name, example] as const))(
  "nothing is wrong with %s",
  async (_, { file }) => {
    const { objects, diagnostics } = await loadDirectory(EXAMPLE_MESH, file);
    const snapshot = buildSnapshot(objects, { clusterDomain: "cluster.local" });
    expect([...diagnostics, ...snapshot.diagnostics]).toEqual([]);
  },
);

describe("what becomes of", () => {
  test.each(leaves.map((leaf) => [leaf.path, leaf] as const))("%s", (path, leaf) => {
    const given = examples.flatMap((example) => placesOf(example.manifest.spec, path).map((at) => ({ example, at })));
    expect(given, "places in docs/examples").not.toEqual([]);
    const wanted = new Set(ENVOY_FIELDS[path]);
    let touched = false;
    for (const { example, at } of given) {
      const before = fields.get(example.name)!;
      for (const other of without(example.manifest, at, leaf)) {
        const after = envoyFields(mesh, other);
        for (const name of new Set([...before.keys(), ...after.keys()])) {
          if (before.get(name) === after.get(name)) continue;
          touched = true;
          wanted.delete(name);
        }
      }
      if (wanted.size === 0 && touched) break;
    }
    expect([...wanted], "fields that stay as they are").toEqual([]);
    // A row without fields says that the policy's field changes nothing.
    expect(touched).toBe(ENVOY_FIELDS[path]!.length > 0);
  });
});
