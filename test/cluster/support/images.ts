/** The images of the cluster tests, made by hand: no registry is reached. */
import { join } from "node:path";
import { ensureEnvoy } from "../../../scripts/envoy.ts";
import { baseLayer, buildImage } from "../../../scripts/image.ts";
import { fileLayer, writeImage } from "../../../scripts/image-archive.ts";

export const HEDDLE = "registry.local/heddle:test";
export const APP = "registry.local/app:1";
export const ENVOY = "registry.local/envoy:1.40.0";
/** The same Envoy under another name: an update of the sidecar. */
export const ENVOY_NEXT = "registry.local/envoy:1.40.0-next";

/** Writes the images into a folder and gives their files. */
export async function makeImages(folder: string): Promise<readonly string[]> {
  const base = await baseLayer();
  const heddle = await buildImage({ name: HEDDLE, out: join(folder, "heddle.tar") });
  const app = await fileLayer(
    { "/app/app.ts": { from: join(import.meta.dirname, "app.ts") } },
    join(folder, "app-layer.tar"),
  );
  const binary = { "/usr/local/bin/envoy": { from: await ensureEnvoy("1.40.0"), mode: 0o755 } };
  const envoy = await fileLayer(binary, join(folder, "envoy-layer.tar"));
  const others = [
    { name: APP, layers: [base, app], entrypoint: ["node", "/app/app.ts"] },
    { name: ENVOY, layers: [base, envoy], entrypoint: ["envoy"] },
    { name: ENVOY_NEXT, layers: [base, envoy], entrypoint: ["envoy"] },
  ];
  const files: string[] = [heddle];
  for (const [index, image] of others.entries()) {
    files.push(await writeImage(image, join(folder, `image-${index}.tar`)));
  }
  return files;
}
