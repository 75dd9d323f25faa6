/** The long-running parts of a test cluster: each has a log file, and none outlives the test process. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Part {
  readonly pid: number;
  readonly running: boolean;
  /** The end of what it wrote, for an error message. */
  log(): string;
  /** SIGTERM, and SIGKILL after the grace period, in milliseconds; 0 kills at once. Resolves when it is gone. */
  stop(grace?: number): Promise<void>;
}

export interface Processes {
  /** @param name of the part, and of its log file `<name>.log`, which is continued when the part starts again */
  start(name: string, command: readonly string[], env?: Readonly<Record<string, string>>): Part;
  /** Ends them all at once. */
  close(): Promise<void>;
}

const LOG_TAIL = 3000;
/** Even a killed process may hang in the kernel: then the test shall fail, not wait. */
const KILL_LIMIT = 20_000;

/** @param folder where the logs go */
export function createProcesses(folder: string): Processes {
  const parts = new Map<ChildProcess, Part>();
  const killAll = (): void => parts.forEach((_, child) => child.kill("SIGKILL"));
  process.on("exit", killAll);
  return {
    start(name, command, env = {}) {
      const file = join(folder, `${name}.log`);
      const log = openSync(file, "a");
      const [first, ...rest] = [...DIES_WITH_ITS_PARENT, ...command];
      const child = spawn(first!, rest, { stdio: ["ignore", log, log], env: { ...process.env, ...env }, cwd: folder });
      closeSync(log);
      const gone = new Promise<void>((resolve) => {
        const done = (): void => {
          parts.delete(child);
          resolve();
        };
        child.once("exit", done);
        child.once("error", done);
      });
      const part: Part = {
        pid: child.pid ?? 0,
        get running() {
          return parts.has(child);
        },
        log: () => readFileSync(file, "utf8").slice(-LOG_TAIL),
        stop: (grace = 5000) => stop(name, child, gone, grace),
      };
      parts.set(child, part);
      return part;
    },
    async close() {
      await Promise.all([...parts.values()].map((part) => part.stop()));
      process.off("exit", killAll);
    },
  };
}

/** A test run that is killed has no time to end its children: the kernel does it then. */
const DIES_WITH_ITS_PARENT = process.platform === "linux" ? ["setpriv", "--pdeathsig", "KILL"] : [];

async function stop(name: string, child: ChildProcess, gone: Promise<void>, grace: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const timers: NodeJS.Timeout[] = [];
  const stuck = new Promise<never>((_, reject) => {
    if (grace > 0) timers.push(setTimeout(() => child.kill("SIGKILL"), grace));
    timers.push(setTimeout(() => reject(new Error(`${name} does not end`)), grace + KILL_LIMIT));
  });
  child.kill(grace > 0 ? "SIGTERM" : "SIGKILL");
  try {
    await Promise.race([gone, stuck]);
  } finally {
    timers.forEach(clearTimeout);
  }
}
