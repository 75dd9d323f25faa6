/** The policies in docs/examples, each of which is translated by tests and accepted by real Envoys. */
import { globSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { parse } from "yaml";

export const EXAMPLES_FOLDER = resolve(import.meta.dirname, "../../docs/examples");
/** The Services and pods that the examples are for. */
export const EXAMPLE_MESH = join(EXAMPLES_FOLDER, "mesh.yaml");

export interface Example {
  readonly name: string;
  readonly file: string;
  readonly text: string;
  readonly manifest: { readonly spec: Readonly<Record<string, unknown>> };
}

export function policyExamples(): readonly Example[] {
  return globSync(join(EXAMPLES_FOLDER, "*.yaml"))
    .filter((file) => file !== EXAMPLE_MESH)
    .sort()
    .map((file) => {
      const text = readFileSync(file, "utf8");
      return { name: basename(file, ".yaml"), file, text, manifest: parse(text) as Example["manifest"] };
    });
}

export type ValuePath = readonly (string | number)[];

/** Where in a manifest's spec a field is given; of a list of plain values the list. */
export function placesOf(spec: unknown, path: string): readonly ValuePath[] {
  const steps = path.replace(/\[\]$/, "").split(".");
  return steps.reduce<readonly ValuePath[]>(
    (places, step) =>
      places.flatMap((place) => {
        const name = step.replace(/\[\]$/, "");
        const value = valueAt(spec, [...place, name]);
        if (value === undefined) return [];
        if (name === step) return [[...place, name]];
        return Array.isArray(value) ? value.map((_, index) => [...place, name, index]) : [];
      }),
    [[]],
  );
}

export function valueAt(value: unknown, path: ValuePath): unknown {
  return path.reduce<unknown>(
    (at, step) =>
      typeof at === "object" && at !== null ? (at as Readonly<Record<string | number, unknown>>)[step] : undefined,
    value,
  );
}
