/**
 * The machine that a cluster takes for its own: namespaces of processes, mounts and network with one process that holds them.
 * When it dies, the kernel ends every process in it, and its mounts and links are gone: also after a test run that was killed.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../until.ts";
import { execute } from "./execute.ts";
import type { Part, Processes } from "./processes.ts";

export interface Sandbox {
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

/** A pair of links between the real machine and the sandbox. */
export interface Uplink {
  /** The sandbox's own address, which the real machine reaches. */
  readonly address: string;
  /** Addresses for pods, which the real machine reaches too. */
  readonly podRange: string;
}

/**
 * Gives the sandbox an address that exists nowhere else. It gets no default route: nothing that runs in it reaches beyond the
 * two ends of this link.
 *
 * @param ranges addresses that are answered inside the sandbox before any packet leaves it
 */
export function createUplink(sandbox: Sandbox, ranges: readonly string[]): Uplink {
  const taken = execute(["ip", "-4", "-oneline", "address"]);
  const index = Array.from({ length: 256 }, (_, i) => i).find((i) => !taken.includes(`10.78.${i}.1/`));
  if (index === undefined) throw new Error("no address is free for a cluster");
  const [outside, address] = [`10.78.${index}.1`, `10.78.${index}.2`];
  const link = `hdlk${index}`;
  const namespace = sandbox.network[1]!.replace("--net=", "");
  execute(["ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", namespace.split("/")[2]!]);
  execute(["ip", "address", "add", `${outside}/30`, "dev", link]);
  execute(["ip", "link", "set", link, "up"]);
  execute([...sandbox.network, "ip", "address", "add", `${address}/30`, "dev", "eth0"]);
  execute([...sandbox.network, "ip", "link", "set", "eth0", "up"]);
  for (const range of ranges) {
    execute([...sandbox.network, "ip", "route", "add", range, "dev", "eth0", "src", address]);
  }
  // It goes with the link.
  const podRange = `10.245.${index}.0/24`;
  execute(["ip", "route", "add", podRange, "via", address]);
  return { address, podRange };
}
