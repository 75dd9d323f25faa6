/** What `heddle analyze` prints for a case. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Diagnostic } from "../../src/base/diagnostic.ts";
import { analyzeMesh } from "../../src/cli/analyze-mesh.ts";
import { loadMesh } from "../../src/cli/load-mesh.ts";
import { manifestOf, type MistakeCase } from "./case.ts";

const MESH = resolve(import.meta.dirname, "../../docs/examples/mesh.yaml");
const DOMAIN = "cluster.local";

/** Findings in one side of a case, which is a file called `mistake.yaml` in the folder that is analyzed. */
export async function analyzeCase(mistake: MistakeCase, side: "wrong" | "right"): Promise<readonly Diagnostic[]> {
  const work = mkdtempSync(join(tmpdir(), "heddle-case-"));
  try {
    const folder = join(work, "manifests");
    mkdirSync(folder);
    if (!mistake.alone) copyFileSync(MESH, join(folder, "mesh.yaml"));
    writeFileSync(join(folder, "beside.yaml"), mistake.beside ?? "");
    writeFileSync(join(folder, "mistake.yaml"), manifestOf(mistake[side]));
    const findings = analyzeMesh(await loadMesh([folder], DOMAIN), DOMAIN);
    const inFolder = (text: string): string => text.replaceAll(`${folder}/`, "");
    return findings.map(({ place, message, ...finding }) => ({
      ...finding,
      message: inFolder(message),
      ...(place && { place: { ...place, file: inFolder(place.file) } }),
    }));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
