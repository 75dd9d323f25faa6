/** A golden translate case: a folder with `in.yaml`, whose first comment says what it shows. */
import { globSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { type Diagnostic, formatDiagnostic } from "../../src/base/diagnostic.ts";
import { createEncoder, resourcesOf } from "../../src/control-plane/encode.ts";
import { renderResources } from "../../src/control-plane/render.ts";
import { buildSnapshot } from "../../src/model/build.ts";
import type { MeshSnapshot } from "../../src/model/snapshot.ts";
import { loadDirectory } from "../../src/source/directory/load.ts";
import { resolveProxy } from "../../src/translate/proxy.ts";
import { DEFAULT_SETTINGS, type MeshSettings } from "../../src/translate/settings.ts";
import { createTranslator, type ProxyConfig } from "../../src/translate/translate.ts";
import type { Resource } from "../../src/xds/index.ts";

export const GOLDEN_FOLDER = join(import.meta.dirname, "../golden/translate");

export interface GoldenCase {
  readonly name: string;
  readonly folder: string;
  /** The pod whose sidecar is translated: `web.shop` unless the case says otherwise. */
  readonly proxy: string;
  readonly settings: MeshSettings;
}

/** What a case may set, in a comment: `# golden: {proxy: db-0.shop}`. */
const header = z.strictObject({
  proxy: z.string().default("web.shop"),
  outboundPolicy: z.enum(["allow-any", "registry-only"]).optional(),
});

export function goldenCases(): readonly GoldenCase[] {
  return globSync(join(GOLDEN_FOLDER, "*/in.yaml"))
    .sort()
    .map((file) => {
      const [, own = "{}"] = /^# golden: (.*)$/m.exec(readFileSync(file, "utf8")) ?? [];
      const { proxy, outboundPolicy } = header.parse(parse(own));
      const settings = { ...DEFAULT_SETTINGS, ...(outboundPolicy ? { outboundPolicy } : {}) };
      return { name: basename(dirname(file)), folder: dirname(file), proxy, settings };
    });
}

export interface TranslatedCase {
  readonly snapshot: MeshSnapshot;
  readonly config: ProxyConfig;
  readonly resources: readonly Resource[];
  /** Sections as `heddle translate` prints them. */
  readonly sections: ReturnType<typeof renderResources>;
  /** A line each, without the folder of the file. */
  readonly diagnostics: readonly string[];
}

export async function translateCase({ folder, proxy: id, settings }: GoldenCase): Promise<TranslatedCase> {
  const state = await loadDirectory(join(folder, "in.yaml"));
  const snapshot = buildSnapshot(state.objects, { clusterDomain: settings.clusterDomain });
  const proxy = resolveProxy(snapshot, id);
  if (!proxy) throw new Error(`${folder}: there is no pod ${id}`);
  const config = createTranslator(settings)(snapshot, proxy);
  const encoded = createEncoder(() => {})(config);
  const resources = resourcesOf(encoded);
  const found = [...state.diagnostics, ...snapshot.diagnostics, ...config.diagnostics, ...encoded.diagnostics];
  return {
    snapshot,
    config,
    resources,
    sections: renderResources(resources),
    diagnostics: found.map(line),
  };
}

function line(diagnostic: Diagnostic): string {
  const { place, ...rest } = diagnostic;
  return formatDiagnostic(place ? { ...rest, place: { ...place, file: basename(place.file) } } : rest);
}
