/** Manifests that the pages of docs show are ones that Heddle takes as they are. */
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseManifests } from "../../src/source/directory/parse.ts";

const DOCS = join(import.meta.dirname, "../../docs");
const blocks = globSync(join(DOCS, "*.md"))
  .filter((file) => !["diagnostics.md", "policy-reference.md"].includes(basename(file)))
  .flatMap((file) => {
    const found = readFileSync(file, "utf8").matchAll(/^```yaml\n([^]*?)^```/gm);
    return [...found].map(([, text], index): [string, string] => [`${basename(file)} ${index + 1}`, text!]);
  })
  .filter(([, text]) => text.includes("apiVersion:"));

describe("manifests in docs", () => {
  test("there are some", () => expect(blocks.length).toBeGreaterThanOrEqual(3));

  test.each(blocks)("%s", (name, text) => {
    const { objects, diagnostics } = parseManifests(name, text);
    expect(diagnostics).toEqual([]);
    expect(objects.length).toBeGreaterThan(0);
  });
});
