/** Container images made by hand, as `docker save` would write them: no registry and no container engine is needed. */
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execute } from "./execute.ts";

export interface ImageOptions {
  /** Such as `registry.local/pause:1`. */
  readonly name: string;
  /** Paths in the image, with the files of this machine to take; what a link points to is taken in its place. */
  readonly files: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Such as "1000:1000"; root by default. */
  readonly user?: string;
}

/** Writes the image with a single layer to a tar file. */
export function packImage(output: string, { name, files, entrypoint, env = {}, user = "" }: ImageOptions): void {
  const work = mkdtempSync(join(tmpdir(), "heddle-image-"));
  try {
    const root = join(work, "root");
    mkdirSync(join(root, "tmp"), { recursive: true });
    for (const [path, source] of Object.entries(files)) {
      const target = join(root, path);
      mkdirSync(dirname(target), { recursive: true });
      cpSync(realpathSync(source), target, { recursive: true, dereference: true });
    }
    const owner = ["--owner=0", "--group=0", "--numeric-owner"];
    execute(["tar", "-c", ...owner, "-f", join(work, "layer.tar"), "-C", root, "."], 120_000);
    const layer = createHash("sha256")
      .update(readFileSync(join(work, "layer.tar")))
      .digest("hex");
    const config = JSON.stringify({
      architecture: { x64: "amd64", arm64: "arm64" }[process.arch as string] ?? process.arch,
      os: "linux",
      config: { Entrypoint: entrypoint, Env: Object.entries(env).map(([key, value]) => `${key}=${value}`), User: user },
      rootfs: { type: "layers", diff_ids: [`sha256:${layer}`] },
      history: [{ created_by: "by hand" }],
    });
    const manifest = JSON.stringify([{ Config: "config.json", RepoTags: [name], Layers: ["layer.tar"] }]);
    writeFileSync(join(work, "config.json"), config);
    writeFileSync(join(work, "manifest.json"), manifest);
    execute(["tar", "-cf", output, "-C", work, "manifest.json", "config.json", "layer.tar"], 120_000);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The shared libraries that a program loads, its loader included, each at the path where it looks for them. */
export function librariesOf(program: string): Readonly<Record<string, string>> {
  const paths = execute(["ldd", program]).matchAll(/(?:=> )?(\/\S+) \(0x/g);
  return Object.fromEntries([...paths].map(([, path]) => [path!, path!]));
}
