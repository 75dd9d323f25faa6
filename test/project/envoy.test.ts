import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const script = resolve(import.meta.dirname, "../../scripts/envoy.ts");
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-find-envoy-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A program that says it is Envoy of a version. */
function plant(path: string, version: string): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\necho "envoy  version: 0123abcd/${version}/Clean/RELEASE/BoringSSL"\n`);
  chmodSync(file, 0o755);
  return file;
}

/** Runs `scripts/envoy.ts` with nothing to find but what the test planted, and with a pip that reaches no index. */
function find(
  env: Readonly<Record<string, string>>,
  ...args: string[]
): { readonly code: number | null; readonly path: string; readonly talk: string } {
  const ran = spawnSync(process.execPath, [script, ...args], {
    encoding: "utf8",
    timeout: 60_000,
    env: {
      HOME: folder,
      PATH: "/usr/bin:/bin",
      XDG_CACHE_HOME: join(folder, "cache"),
      PIP_NO_INDEX: "1",
      PIP_CONFIG_FILE: "/dev/null",
      ...env,
    },
  });
  return { code: ran.status, path: ran.stdout.trim(), talk: ran.stderr };
}

test("ENVOY comes first", () => {
  const given = plant("mine/envoy", "1.38.3");
  plant("bin/envoy", "1.40.0");
  expect(find({ ENVOY: given, PATH: `${join(folder, "bin")}:/usr/bin:/bin` })).toMatchObject({ code: 0, path: given });
});

test.each([
  ["an Envoy that is too old", "1.36.5", "is Envoy 1.36.5; Heddle supports 1.37.0 and newer"],
  ["something that is no Envoy", "what?", "is no Envoy that runs here"],
])("ENVOY that names %s is refused", (_, version, message) => {
  const { code, path, talk } = find({ ENVOY: plant("mine/envoy", version) });
  expect(code).not.toBe(0);
  expect(path).toBe("");
  expect(talk).toContain(message);
});

test("on the PATH, one that is too old is passed over", () => {
  plant("old/envoy", "1.36.0");
  const fine = plant("new/envoy", "1.37.0");
  const path = [join(folder, "old"), join(folder, "new"), "/usr/bin", "/bin"].join(":");
  expect(find({ PATH: path })).toMatchObject({ code: 0, path: fine });
});

test("a version asked for comes from the cache, whatever ENVOY and PATH say", () => {
  const cached = plant("cache/heddle/envoy/1.38.3/envoy", "1.38.3");
  expect(find({ ENVOY: plant("mine/envoy", "1.40.0") }, "1.38.3")).toMatchObject({ code: 0, path: cached });
});

test("an Envoy that cannot be fetched: the message says from where, and nothing half-done is left", () => {
  const { code, talk } = find({}, "1.38.3");
  expect(code).not.toBe(0);
  expect(talk).toContain("cannot fetch Envoy 1.38.3");
  expect(spawnSync("find", [join(folder, "cache"), "-type", "f"], { encoding: "utf8" }).stdout).toBe("");
});
