/** The image of an example's applications, as its `kubernetes/Dockerfile` describes it, made without Docker. */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { baseLayer } from "../../../scripts/image.ts";
import { tarFolder, writeImage } from "../../../scripts/image-archive.ts";
import type { Cluster } from "../../support/kubernetes/cluster.ts";

const root = resolve(import.meta.dirname, "../../..");

export interface ExampleImage {
  /** The folder in `examples`, and the name of the image. */
  readonly example: string;
  /** What the applications import, with what that imports in turn. */
  readonly libraries: readonly string[];
}

/** Puts `<example>:1` on the node, which is what the manifests of the example ask for. */
export async function importExampleImage(cluster: Cluster, { example, libraries }: ExampleImage): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), "heddle-example-"));
  try {
    const files = join(work, "files");
    mkdirSync(files, { mode: 0o755 });
    cpSync(join(root, "examples", example, "apps"), join(files, "apps"), { recursive: true });
    for (const name of libraries) {
      cpSync(join(root, "node_modules", name), join(files, "node_modules", name), { recursive: true });
    }
    const layer = join(work, "layer.tar");
    tarFolder(files, layer);
    // The name in full: what a runtime makes of one without a registry.
    const name = `docker.io/library/${example}:1`;
    const layers = [await baseLayer(), layer];
    await cluster.importImage(await writeImage({ name, layers, entrypoint: ["node"] }, join(work, "image.tar")));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
