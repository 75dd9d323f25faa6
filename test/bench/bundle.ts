/** Bundles Heddle for the benchmark as its releases are, so that it starts as they do, and edits during a run do not matter. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";

/** Path of the bundle, in a folder of its own. */
export async function bundleHeddle(): Promise<string> {
  const outfile = join(mkdtempSync(join(tmpdir(), "heddle-bench-")), "heddle.mjs");
  await build({
    absWorkingDir: resolve(import.meta.dirname, "..", ".."),
    entryPoints: ["test/bench/heddle-server.ts"],
    outfile,
    bundle: true,
    platform: "node",
    target: "node24",
    format: "esm",
    sourcemap: "inline",
    minifySyntax: true,
    logLevel: "warning",
    // Some dependencies are CommonJS and ask for `require`.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  });
  return outfile;
}
