/** The `heddle` command as a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { onTestFinished } from "vitest";

const MAIN = join(import.meta.dirname, "../../src/cli/main.ts");

export interface CliProcess {
  readonly child: ChildProcess;
  readonly text: { readonly stdout: string; readonly stderr: string };
  /** Standard error as log lines. */
  log(): readonly LogLine[];
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | string | null>;
}

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly xds?: string;
  readonly admin?: string;
}

/** Starts the command; it is killed when the test ends, if it still runs then. */
export function startCli(args: readonly string[], env: NodeJS.ProcessEnv = {}): CliProcess {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", MAIN, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const text = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (text.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (text.stderr += chunk.toString()));
  return {
    child,
    text,
    ended: new Promise((resolve) => child.once("close", (code, signal) => resolve(code ?? signal))),
    log: () =>
      text.stderr
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line) as LogLine),
  };
}
