/**
 * `make test`: fetches what the tests need, runs them all, and ends with `N passed, N failed`. A run in which no test ran has
 * failed, and so has one with an error outside of any test.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_VERSION, ensureEnvoy, OLDEST_VERSION } from "./envoy.ts";
import { missingClusterPrerequisites } from "./cluster-prerequisites.ts";
import { ALL_PARTS, API_PARTS, ensureKubernetes } from "./kubernetes.ts";
import { missingPrerequisites } from "./prerequisites.ts";

/** Projects of `vitest.config.ts`. */
const ALL_PROJECTS = 5;
const args = process.argv.slice(2);
const work = mkdtempSync(join(tmpdir(), "heddle-test-"));
process.exitCode = await main().finally(() => rmSync(work, { recursive: true, force: true }));

async function main(): Promise<number> {
  try {
    for (const version of [DEFAULT_VERSION, OLDEST_VERSION]) await ensureEnvoy(version);
  } catch (error) {
    console.error(error);
    return fail();
  }
  const projects = ["unit", "envoy", ...(await runnable())];
  if (projects.length < ALL_PROJECTS && process.env["CI"]) return fail();

  const report = join(work, "report.json");
  const vitest = spawnSync(
    "vitest",
    [
      "run",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
      ...projects.flatMap((name) => ["--project", name]),
      ...args,
    ],
    { stdio: "inherit" },
  );
  return summarise(report, vitest.status ?? 1);
}

/** Which of the projects that need more than Node can run here; of the others it says why not. */
async function runnable(): Promise<readonly string[]> {
  const names: string[] = [];
  const attempt = async (name: string, what: string, prepare: () => readonly string[] | Promise<readonly string[]>) => {
    const reasons = await Promise.resolve()
      .then(prepare)
      .catch((error: unknown) => [String(error)]);
    if (reasons.length === 0) names.push(name);
    for (const reason of reasons) console.log(`${what} cannot run: ${reason}`);
  };
  // What is built, is built before the tests' own limits count.
  await attempt("kube", "the tests with an API server", async () => {
    await ensureKubernetes(API_PARTS);
    return [];
  });
  await attempt("net", "the tests in network namespaces", missingPrerequisites);
  await attempt("cluster", "the tests with a cluster", async () => {
    const missing = missingClusterPrerequisites();
    if (missing.length === 0) await ensureKubernetes(ALL_PARTS);
    return missing;
  });
  return names;
}

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

function summarise(file: string, status: number): number {
  let report: Report;
  try {
    report = JSON.parse(readFileSync(file, "utf8")) as Report;
  } catch {
    return fail();
  }
  // A file that fails before its first test has no failed test to count.
  const broken = report.testResults.filter((r) => r.status === "failed" && r.assertionResults.length === 0).length;
  const passed = report.numPassedTests;
  let failed = report.numFailedTests + broken;
  if (failed === 0 && (status !== 0 || passed === 0)) failed = 1;
  const skipped = report.numPendingTests > 0 ? `, ${report.numPendingTests} skipped` : "";
  console.log(`${passed} passed, ${failed} failed${skipped}`);
  return failed > 0 ? 1 : 0;
}

function fail(): number {
  console.log("0 passed, 1 failed");
  return 1;
}
