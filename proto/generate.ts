/**
 * Generates `src/gen`: TypeScript for the Envoy API, from the protos inside the npm package `@grpc/grpc-js-xds`.
 *
 * The closure of `proto/roots.txt` is copied into a build folder (LF line ends, mends of `proto/mend.ts`), compiled by
 * buf with protoc-gen-es, and kept in a cache outside the clone under the hash of all inputs, so that a second install
 * only copies.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { mend, mendsFingerprint } from "./mend.ts";

const root = resolve(import.meta.dirname, "..");
const packages = join(root, "node_modules");
const protoRoots = ["envoy-api", "googleapis", "protoc-gen-validate", "xds"].map((folder) =>
  join(packages, "@grpc/grpc-js-xds/deps", folder),
);
const out = join(root, "src/gen");

const closure = readClosure(readRoots());
const key = hashInputs(closure);
const cached = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "heddle", "gen", key);
const stamp = join(out, ".inputs");

if (existsSync(stamp) && readFileSync(stamp, "utf8") === key) process.exit(0);
if (!existsSync(cached)) compile(closure, cached);
rmSync(out, { recursive: true, force: true });
cpSync(cached, out, { recursive: true });
writeFileSync(stamp, key);
process.stderr.write(`generated src/gen: ${closure.size} protos\n`);

/** Import paths in `proto/roots.txt`, without comments and blank lines. */
function readRoots(): string[] {
  return readFileSync(join(import.meta.dirname, "roots.txt"), "utf8")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** All protos reachable from `roots`, by import path, mended. protoc's own well-known types are left to the compiler. */
function readClosure(roots: readonly string[]): Map<string, string> {
  const files = new Map<string, string>();
  const queue = [...roots];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (files.has(path) || path.startsWith("google/protobuf/")) continue;
    const text = mend(path, readProto(path));
    files.set(path, text);
    for (const [, imported] of text.matchAll(/^import (?:public )?"([^"]+)";/gm)) queue.push(imported!);
  }
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function readProto(path: string): string {
  for (const folder of protoRoots) {
    const file = join(folder, path);
    if (existsSync(file)) return readFileSync(file, "utf8");
  }
  throw new Error(`proto/generate.ts: ${path} is in none of the folders of @grpc/grpc-js-xds`);
}

function hashInputs(files: ReadonlyMap<string, string>): string {
  const hash = createHash("sha256").update(mendsFingerprint);
  hash.update(readFileSync(import.meta.filename));
  for (const name of ["@bufbuild/protoc-gen-es", "@bufbuild/buf"]) {
    hash.update(readFileSync(join(packages, name, "package.json")));
  }
  for (const [path, text] of files) hash.update(path).update("\0").update(text);
  return hash.digest("hex").slice(0, 24);
}

/** Compiles into a temporary folder and moves it to `target` whole: a broken run leaves no half-filled cache. */
function compile(files: ReadonlyMap<string, string>, target: string): void {
  mkdirSync(dirname(target), { recursive: true });
  const work = mkdtempSync(join(tmpdir(), "heddle-generate-"));
  try {
    for (const [path, text] of files) {
      mkdirSync(dirname(join(work, "proto", path)), { recursive: true });
      writeFileSync(join(work, "proto", path), text);
    }
    const bin = (name: string): string => join(packages, ".bin", name);
    const template = {
      version: "v2",
      plugins: [
        {
          local: [process.execPath, bin("protoc-gen-es")],
          out: "gen",
          opt: ["target=ts", "import_extension=ts", "erasable_syntax=true"],
        },
      ],
    };
    writeFileSync(join(work, "buf.yaml"), JSON.stringify({ version: "v2", modules: [{ path: "proto" }] }));
    writeFileSync(join(work, "buf.gen.yaml"), JSON.stringify(template));
    execFileSync(process.execPath, [bin("buf"), "generate"], { cwd: work, stdio: ["ignore", "inherit", "inherit"] });
    const staged = `${target}.${process.pid}`;
    cpSync(join(work, "gen"), staged, { recursive: true });
    if (existsSync(target)) rmSync(staged, { recursive: true });
    else renameSync(staged, target);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
