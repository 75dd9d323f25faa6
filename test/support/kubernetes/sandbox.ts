/**
 * The machine that a cluster takes for its own: namespaces of processes, mounts and network with one process that holds them.
 * When it dies, the kernel ends every process in it, and its mounts and links are gone: also after a test run that was killed.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../until.ts";
import type { Part, Processes } from "./processes.ts";

export interface Sandbox {
  /** Of the process that holds it, as the real machine counts. */
  readonly pid: number;
  /** The command that leads into its network alone. */
  readonly network: readonly string[];
  /** The command that leads into all of it; a signal to such a command reaches no process inside. */
  readonly enter: readonly string[];
  /** Ends what was started with `enter`. */
  stop(part: Part, grace?: number): Promise<void>;
  /** Kills everything inside. */
  close(): Promise<void>;
}

/**
 * Kernel settings that a kubelet insists on. It finds them as files of the sandbox, and leaves those of the real machine alone.
 */
const TUNABLES = {
  "vm/overcommit_memory": 1,
  "vm/panic_on_oom": 0,
  "kernel/panic": 10,
  "kernel/panic_on_oops": 1,
  "kernel/keys/root_maxkeys": 1_000_000,
  "kernel/keys/root_maxbytes": 25_000_000,
};

/**
 * @param folder holds what the sandbox sees as /var/lib and /var/log; its /run is in memory
 * @param init the program that holds the sandbox and reaps its orphans
 */
export async function createSandbox(processes: Processes, folder: string, init: string): Promise<Sandbox> {
  const binds = ["lib", "log"].map((name) => {
    const source = join(folder, `var-${name}`);
    mkdirSync(source);
    return [source, `/var/${name}`] as const;
  });
  const tunables = Object.entries(TUNABLES).map(([name, value]) => {
    const source = join(folder, name.replaceAll("/", "-"));
    writeFileSync(source, `${value}\n`);
    return [source, `/proc/sys/${name}`] as const;
  });
  const script = [
    "set -e",
    "mount -t tmpfs tmpfs /run",
    ...[...binds, ...tunables].map(([source, target]) => `mount --bind ${source} ${target}`),
    "echo 1 > /proc/sys/net/ipv4/ip_forward",
    "ip link set lo up",
    `touch ${join(folder, "sandbox-made")}`,
    `exec ${init}`,
  ].join("\n");
  const unshare = ["unshare", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc", "--net"];
  const holder = processes.start("sandbox", [...unshare, "--propagation=private", "sh", "-c", script]);
  const pid = await until("the sandbox is made", 20_000, () => {
    if (!holder.running) return -1;
    readFileSync(join(folder, "sandbox-made"));
    return childOf(holder.pid);
  });
  if (pid === -1) throw new Error(`no namespaces can be made: ${holder.log()}`);

  return {
    pid,
    network: ["nsenter", `--net=/proc/${pid}/ns/net`, "--"],
    enter: ["nsenter", `--target=${pid}`, "--mount", "--pid", "--net", "--"],
    async stop(part, grace = 5000) {
      const inside = childOf(part.pid);
      if (inside !== undefined && part.running) process.kill(inside, grace > 0 ? "SIGTERM" : "SIGKILL");
      const kill = setTimeout(() => inside !== undefined && part.running && process.kill(inside, "SIGKILL"), grace);
      try {
        await until("a part inside the sandbox has ended", grace + 20_000, () => !part.running);
      } finally {
        clearTimeout(kill);
      }
    },
    async close() {
      await holder.stop(0);
      // The last to go is the first process inside.
      await until("all processes of the sandbox are gone", 20_000, () => isGone(pid));
    },
  };
}

function childOf(pid: number): number | undefined {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")[0]) || undefined;
}

function isGone(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return true;
  }
}
