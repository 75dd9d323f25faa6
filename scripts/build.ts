/** Bundles: `dist/heddle.mjs`, the command with all it needs, and `dist/xds.mjs` with its types, the library. */
import { execFileSync } from "node:child_process";
import { chmodSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { build, type BuildOptions } from "esbuild";

const root = resolve(import.meta.dirname, "..");
const dist = join(root, "dist");

/** Some dependencies are CommonJS and ask for `require`. */
const REQUIRE = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';

const common: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  target: "node24",
  format: "esm",
  sourcemap: true,
  logLevel: "warning",
};

rmSync(dist, { recursive: true, force: true });
await build({
  ...common,
  entryPoints: ["src/cli/main.ts"],
  outfile: join(dist, "heddle.mjs"),
  minifySyntax: true,
  banner: { js: REQUIRE },
});
await build({
  ...common,
  entryPoints: ["src/xds/index.ts"],
  outfile: join(dist, "xds.mjs"),
  external: ["@grpc/grpc-js", "@bufbuild/protobuf", "@bufbuild/protobuf/*"],
});
chmodSync(join(dist, "heddle.mjs"), 0o755);
const declarations = [
  "--noEmit",
  "false",
  "--declaration",
  "--emitDeclarationOnly",
  "--outDir",
  join(dist, "types"),
  "--rootDir",
  "src",
];
execFileSync(join(root, "node_modules/.bin/tsc"), ["-p", "tsconfig.library.json", ...declarations], {
  cwd: root,
  stdio: "inherit",
});
