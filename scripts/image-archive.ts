/** Container images as `docker save` writes them (the "docker archive"), made without a container engine. */
import { createHash } from "node:crypto";
import { createReadStream, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { copyFile, chmod, utimes } from "node:fs/promises";
import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { tmpdir } from "node:os";

export interface Image {
  /** Such as `heddle:0.1.0`. */
  readonly name: string;
  /** Tar files, the lowest first. */
  readonly layers: readonly string[];
  readonly entrypoint: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Such as `65532:65532`; root where it is absent. */
  readonly user?: string;
  readonly workdir?: string;
}

export type LayerFile = ({ readonly from: string } | { readonly text: string }) & { readonly mode?: number };

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** The same files give the same bytes, on any day and for any user. */
const DETERMINISTIC = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--format=gnu"];
const LIMIT = 300_000;

/** Writes an image; the same layers and settings give the same bytes. @returns `out` */
export async function writeImage(image: Image, out: string): Promise<string> {
  const work = mkdtempSync(join(tmpdir(), "heddle-image-"));
  try {
    const layers = await Promise.all(image.layers.map(async (file) => ({ file, digest: await sha256(file) })));
    const config = JSON.stringify({
      architecture: process.arch === "x64" ? "amd64" : process.arch,
      os: "linux",
      config: {
        Entrypoint: image.entrypoint,
        Env: Object.entries({ PATH, ...image.env }).map(([name, value]) => `${name}=${value}`),
        WorkingDir: image.workdir ?? "/",
        ...(image.user && { User: image.user }),
      },
      rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => `sha256:${digest}`) },
    });
    const configName = `${createHash("sha256").update(config).digest("hex")}.json`;
    writeFileSync(join(work, configName), config);
    for (const { file, digest } of layers) await copyFile(file, join(work, `${digest}.tar`));
    const names = layers.map(({ digest }) => `${digest}.tar`);
    writeFileSync(
      join(work, "manifest.json"),
      JSON.stringify([{ Config: configName, RepoTags: [image.name], Layers: names }]),
    );
    tarFolder(work, out);
    return out;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** A layer of single files, by their paths in the image. @returns `out` */
export async function fileLayer(files: Readonly<Record<string, LayerFile>>, out: string): Promise<string> {
  const work = mkdtempSync(join(tmpdir(), "heddle-layer-"));
  try {
    for (const [path, file] of Object.entries(files)) {
      const target = join(work, path);
      mkdirSync(dirname(target), { recursive: true, mode: 0o755 });
      if ("from" in file) await copyFile(file.from, target);
      else writeFileSync(target, file.text);
      await chmod(target, file.mode ?? ("from" in file ? statSync(file.from).mode & 0o777 : 0o644));
      await utimes(target, 0, 0);
    }
    tarFolder(work, out);
    return out;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Replaces `out` at once: another process may be reading it. */
export function tarFolder(folder: string, out: string): void {
  mkdirSync(dirname(out), { recursive: true });
  const partial = `${out}.${process.pid}`;
  execFileSync("tar", ["-cf", partial, ...DETERMINISTIC, "-C", folder, "."], { timeout: LIMIT });
  renameSync(partial, out);
}

async function sha256(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
