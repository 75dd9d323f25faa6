import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { validateResource } from "../../src/xds/validate.ts";
import { ClusterSchema } from "../../src/gen/envoy/config/cluster/v3/cluster_pb.ts";
import { TypedExtensionConfigSchema } from "../../src/gen/envoy/config/core/v3/extension_pb.ts";
import { ListenerSchema } from "../../src/gen/envoy/config/listener/v3/listener_pb.ts";
import { RouteConfigurationSchema } from "../../src/gen/envoy/config/route/v3/route_pb.ts";
import { ClusterLoadAssignmentSchema } from "../../src/gen/envoy/config/endpoint/v3/endpoint_pb.ts";
import { GOLDEN_FOLDER, goldenCases, translateCase } from "../support/golden-case.ts";

const cases = goldenCases();
const SECTIONS = ["clusters", "endpoints", "listeners", "routes"] as const;
const FILES = ["in.yaml", ...SECTIONS.map((name) => `${name}.yaml`), "diagnostics.txt", "extensions.yaml"];

describe("golden translations", () => {
  test("there are at least forty", () => expect(cases.length).toBeGreaterThanOrEqual(40));

  test.each(cases.map((c) => [c.name, c] as const))("%s", async (_, golden) => {
    const { sections, diagnostics, config } = await translateCase(golden);
    for (const name of SECTIONS) {
      const text = stringify(sections[name], { lineWidth: 0, aliasDuplicateObjects: false, sortMapEntries: true });
      await expect(text).toMatchFileSnapshot(join(golden.folder, `${name}.yaml`));
    }
    // Only what serves HTTP asks for extensions.
    if (config.extensions.length > 0) {
      const text = stringify(sections["extensions"], {
        lineWidth: 0,
        aliasDuplicateObjects: false,
        sortMapEntries: true,
      });
      await expect(text).toMatchFileSnapshot(join(golden.folder, "extensions.yaml"));
    }
    await expect(`${diagnostics.join("\n")}\n`).toMatchFileSnapshot(join(golden.folder, "diagnostics.txt"));
    const rules = [
      ...config.clusters.map((m) => validateResource(`type.googleapis.com/${ClusterSchema.typeName}`, m)),
      ...config.endpoints.map((m) =>
        validateResource(`type.googleapis.com/${ClusterLoadAssignmentSchema.typeName}`, m),
      ),
      ...config.listeners.map((m) => validateResource(`type.googleapis.com/${ListenerSchema.typeName}`, m)),
      ...config.extensions.map((m) =>
        validateResource(`type.googleapis.com/${TypedExtensionConfigSchema.typeName}`, m),
      ),
      ...config.routes.map((m) => validateResource(`type.googleapis.com/${RouteConfigurationSchema.typeName}`, m)),
    ];
    expect(rules.flat()).toEqual([]);
  });

  test("no file is left over from a case that is gone", () => {
    const orphans = readdirSync(GOLDEN_FOLDER).flatMap((folder) => {
      const files = readdirSync(join(GOLDEN_FOLDER, folder));
      const known = files.includes("in.yaml") ? FILES : [];
      return files.filter((file) => !known.includes(file)).map((file) => join(folder, file));
    });
    expect(orphans).toEqual([]);
  });
});
