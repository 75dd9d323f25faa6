/** Child processes of a demo: logged to files, ended by pid, never left behind. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Started {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** SIGTERM, then SIGKILL after the grace period (milliseconds); resolves when the process is gone. */
  stop(grace?: number): Promise<void>;
  /** SIGKILL at once, as a crash would. */
  kill(): Promise<void>;
  /** Stops it from running while its sockets stay open: to its peers it is as if the network were cut. */
  freeze(): void;
  /** Lets a frozen process go on. */
  thaw(): void;
  /** The process ended, by itself or not. */
  readonly ended: boolean;
}

export interface Processes {
  start(name: string, command: string, args: readonly string[]): Started;
  /** Ends all that still run, the latest first. */
  stopAll(): Promise<void>;
}

/** @param logFolder where each process's output goes, `<name>.log` */
export function createProcesses(logFolder: string): Processes {
  const running = new Set<Started>();
  // Whatever ends this process, its children go with it.
  process.on("exit", () => {
    for (const { pid, ended } of running) if (!ended) process.kill(pid, "SIGKILL");
  });

  return {
    start(name, command, args) {
      const logFile = join(logFolder, `${name}.log`);
      const log = openSync(logFile, "a");
      const child = spawn(command, args, { stdio: ["ignore", log, log] });
      closeSync(log);
      const started = supervise(name, child, logFile);
      running.add(started);
      return started;
    },
    async stopAll() {
      for (const process of [...running].reverse()) await process.stop();
    },
  };
}

function supervise(name: string, child: ChildProcess, logFile: string): Started {
  let ended = false;
  const gone = new Promise<void>((resolve) => {
    const end = (): void => {
      ended = true;
      resolve();
    };
    child.once("exit", end);
    child.once("error", end);
  });
  return {
    name,
    logFile,
    pid: child.pid ?? -1,
    get ended() {
      return ended;
    },
    async stop(grace = 3000) {
      if (ended) return;
      child.kill("SIGTERM");
      // A frozen process takes SIGTERM only when it goes on.
      child.kill("SIGCONT");
      const timer = setTimeout(() => child.kill("SIGKILL"), grace);
      await gone;
      clearTimeout(timer);
    },
    async kill() {
      if (!ended) child.kill("SIGKILL");
      await gone;
    },
    freeze: () => void child.kill("SIGSTOP"),
    thaw: () => void child.kill("SIGCONT"),
  };
}

/** The last lines of a process's log, for the report of a failure. */
export function logTail({ logFile }: Started, lines = 15): string {
  return readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
}
