import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-ci-"));
  mkdirSync(join(folder, ".ci"));
  cpSync(join(root, ".ci/run"), join(folder, ".ci/run"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs `.ci/run` against targets of a Makefile that do as they are told. */
function ciRun(check: string, tests: string): { readonly code: number | null; readonly last: string | undefined } {
  writeFileSync(join(folder, "Makefile"), `check:\n\t@${check}\ntest:\n\t@${tests}\n`);
  // Both streams into one pipe, as a reader of the log sees them.
  const ran = spawnSync("bash", ["-c", '"$1" 2>&1', "bash", join(folder, ".ci/run")], {
    encoding: "utf8",
    timeout: 20_000,
    // The make that runs this test must not speak to the one inside.
    env: { ...process.env, MAKEFLAGS: "", MAKELEVEL: "", CI: "" },
  });
  return { code: ran.status, last: ran.stdout.trimEnd().split("\n").at(-1) };
}

test("all is well", () => {
  expect(ciRun("true", "echo '12 passed, 0 failed'")).toEqual({ code: 0, last: "12 passed, 0 failed" });
});

test("a failed check is a failure, and no test runs", () => {
  expect(ciRun("false", "echo '12 passed, 0 failed'")).toMatchObject({ code: 1, last: "0 passed, 1 failed" });
});

test("failed tests are counted in the last line, behind which make adds nothing", () => {
  const { code, last } = ciRun("true", "echo '12 passed, 3 failed, 1 skipped'; exit 1");
  expect(code).not.toBe(0);
  expect(last).toBe("12 passed, 3 failed, 1 skipped");
});

test.each([
  ["before it counts anything", "echo 'npm: no network' >&2; exit 1"],
  ["after it counted no failure", "echo '12 passed, 0 failed'; exit 1"],
])("tests that end %s have failed", (_, tests) => {
  const { code, last } = ciRun("true", tests);
  expect(code).not.toBe(0);
  expect(last).toBe("0 passed, 1 failed");
});

test("the tests know that they run in CI", () => {
  expect(ciRun("true", 'echo "$$CI passed, 0 failed"')).toMatchObject({ last: "true passed, 0 failed" });
});
