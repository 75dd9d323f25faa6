import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { externalSchema, isDuration, isNumber, leavesOf, specSchema } from "../../scripts/reference/schema.ts";
import { EXTERNAL_FIELDS } from "../../scripts/reference/external-fields.ts";
import { UNITS } from "../../scripts/reference/units.ts";
import { UNSET } from "../../scripts/reference/unset.ts";
import { envoyRegistry } from "../../src/xds/registry.ts";
import { policyReference } from "../../scripts/reference.ts";

const root = resolve(import.meta.dirname, "../..");

test("the reference is what the schemas say", () => {
  expect(readFileSync(join(root, "docs/policy-reference.md"), "utf8")).toBe(policyReference());
});

test("every section but the first has an example, and every link of the page leads somewhere", () => {
  const text = policyReference();
  const sections = text.split("\n## ").slice(1, -1);
  for (const section of sections.slice(1)) expect(section).toContain("Example [");
  for (const [, link = ""] of text.matchAll(/\]\((examples[^)]*)\)/g)) {
    expect(existsSync(join(root, "docs", link)), link).toBe(true);
  }
  const anchors = [...text.matchAll(/^##+ (.*)$/gm)].map(([, heading = ""]) => {
    return heading.toLowerCase().replaceAll(/[^a-z0-9_-]/g, "");
  });
  for (const [, link = ""] of text.matchAll(/\]\(#([^)]*)\)/g)) expect(anchors).toContain(link);
});

const leaves = leavesOf(specSchema());

test("every number has a unit, and no unit is left over", () => {
  const numbers = leaves.filter(({ schema }) => isNumber(schema) && schema.enum === undefined);
  expect(Object.keys(UNITS).sort()).toEqual(numbers.map(({ path }) => path).sort());
});

test("every number, duration and choice says what holds without it", () => {
  const open = leaves.filter(({ schema, required }) => {
    const words = schema.enum?.length;
    const chosen =
      isNumber(schema) || isDuration(schema) || (schema.type === "boolean" && words !== 1) || (words ?? 0) > 1;
    return chosen && !required && schema.default === undefined;
  });
  expect(Object.keys(UNSET).sort()).toEqual(open.map(({ path }) => path).sort());
});

test("every field of an ExternalService says which fields of Envoy it becomes, and Envoy has them", () => {
  const paths = leavesOf(externalSchema(), "ExternalService").map(({ path }) => path);
  expect(Object.keys(EXTERNAL_FIELDS).sort()).toEqual(paths.sort());
  for (const field of Object.values(EXTERNAL_FIELDS).flat()) {
    const dot = field.lastIndexOf(".");
    const message = envoyRegistry.getMessage(`envoy.${field.slice(0, dot)}`);
    expect(
      message?.fields.map(({ name }) => name),
      field,
    ).toContain(field.slice(dot + 1));
  }
});
