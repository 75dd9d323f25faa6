/** What injection makes of manifests: each case is a folder whose `in.yaml` says in its first line what it shows. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { describe, expect, test } from "vitest";
import { formatDiagnostic, formatRef } from "../../src/base/diagnostic.ts";
import { injectManifest } from "../../src/inject/manifest.ts";
import { injectorSettings } from "../../src/inject/settings.ts";

const FOLDER = join(import.meta.dirname, "../golden/inject");
const settings = injectorSettings.parse({ capture: { image: "heddle:test" } });

interface ManifestList {
  readonly kind?: string;
  readonly items?: readonly unknown[];
}

function render(value: unknown): string {
  const { kind, items } = value as ManifestList;
  if (kind === "List") return (items ?? []).map(render).join("---\n");
  const result = injectManifest(value, settings);
  switch (result.outcome) {
    case "injected":
      return stringify(result.object, { lineWidth: 0, aliasDuplicateObjects: false });
    case "skipped":
      return `# ${formatRef(result.ref)}: ${result.reason}\n`;
    case "refused":
      return result.diagnostics.map((diagnostic) => `# ${formatDiagnostic(diagnostic)}\n`).join("");
    case "other":
      return "# makes no pods\n";
  }
}

describe("injection", () => {
  const cases = readdirSync(FOLDER, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [entry.name] : [],
  );
  test("has cases", () => expect(cases.length).toBeGreaterThanOrEqual(15));

  test.each(cases)("%s", async (name) => {
    const input: unknown = parse(readFileSync(join(FOLDER, name, "in.yaml"), "utf8"));
    const before = structuredClone(input);
    await expect(render(input)).toMatchFileSnapshot(join(FOLDER, name, "out.yaml"));
    expect(input).toEqual(before);
  });
});
