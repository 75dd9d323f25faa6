/**
 * Hosts of a test's own: network namespaces on one bridge, with addresses that exist nowhere else. Everything has the test's pid
 * in its name, and what a dead test left behind is removed first.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

export interface Host {
  readonly name: string;
  readonly address: string;
  /** The command that leads into the host's namespace. */
  readonly enter: readonly string[];
  /** Runs a command to its end; throws when it fails. */
  run(command: readonly string[], input?: string): string;
  /** Starts a command that ends with the network. */
  start(command: readonly string[], uid?: number): ChildProcess;
}

export interface TestNet {
  host(name: string): Host;
  close(): Promise<void>;
}

const PREFIX = "hdl";
const GATEWAY = "10.77.0.1";

/** @param hosts names with addresses in 10.77.0.0/24 */
export function createNet(hosts: Readonly<Record<string, string>>): TestNet {
  removeStale();
  const id = `${PREFIX}${process.pid}`;
  const hub = `${id}-hub`;
  const children = new Set<ChildProcess>();
  const names = [hub];
  // Before anything is made: what fails half-way is removed too.
  process.on("exit", () => {
    for (const child of children) child.kill("SIGKILL");
    deleteAll(names);
  });
  ip("netns", "add", hub);
  within(hub, ["ip", "link", "set", "lo", "up"]);
  within(hub, ["ip", "link", "add", "br0", "type", "bridge"]);
  within(hub, ["ip", "addr", "add", `${GATEWAY}/24`, "dev", "br0"]);
  within(hub, ["ip", "link", "set", "br0", "up"]);

  const made = Object.entries(hosts).map(([name, address], index): [string, Host] => {
    const namespace = `${id}-${name}`;
    const port = `p${index}`;
    names.push(namespace);
    ip("netns", "add", namespace);
    within(hub, ["ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", namespace]);
    within(hub, ["ip", "link", "set", port, "master", "br0", "up"]);
    within(namespace, ["ip", "link", "set", "lo", "up"]);
    within(namespace, ["ip", "addr", "add", `${address}/24`, "dev", "eth0"]);
    within(namespace, ["ip", "link", "set", "eth0", "up"]);
    // Service addresses need a way out, though the capture rules answer for them.
    within(namespace, ["ip", "route", "add", "default", "via", GATEWAY]);
    const enter = ["nsenter", `--net=/run/netns/${namespace}`];
    const host: Host = {
      name,
      address,
      enter,
      run: (command, input) => within(namespace, command, input),
      start(command, uid) {
        const as =
          uid === undefined ? [] : ["setpriv", "--reuid", String(uid), "--regid", String(uid), "--clear-groups"];
        const [first, ...rest] = [...enter, ...as, ...command];
        const child = spawn(first!, rest, { stdio: ["ignore", "inherit", "inherit"] });
        children.add(child);
        child.once("close", () => children.delete(child));
        return child;
      },
    };
    return [name, host];
  });
  const byName = new Map(made);

  return {
    host(name) {
      const host = byName.get(name);
      if (!host) throw new Error(`there is no host ${name}`);
      return host;
    },
    async close() {
      await Promise.all([...children].map(endChild));
      const failures = deleteAll(names);
      if (failures.length > 0) throw new AggregateError(failures, "namespaces are left");
    },
  };
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once("close", () => resolve()));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 2000);
  await gone;
  clearTimeout(timer);
}

/** Deletes each namespace that is still there, from the last to the first: one that fails does not keep the others. */
function deleteAll(names: readonly string[]): readonly unknown[] {
  return names.toReversed().flatMap((name) => {
    try {
      if (existsSync(`/run/netns/${name}`)) ip("netns", "delete", name);
      return [];
    } catch (error) {
      return [error];
    }
  });
}

function removeStale(): void {
  for (const [, name = "", pid = ""] of ip("netns", "list").matchAll(new RegExp(`^(${PREFIX}(\\d+)-\\S+)`, "gm"))) {
    if (Number(pid) !== process.pid && !existsSync(`/proc/${pid}`)) ip("netns", "delete", name);
  }
}

function ip(...args: string[]): string {
  return execute("ip", args);
}

function within(namespace: string, command: readonly string[], input?: string): string {
  return execute("nsenter", [`--net=/run/netns/${namespace}`, ...command], input);
}

function execute(command: string, args: readonly string[], input?: string): string {
  const ran = spawnSync(command, args, {
    encoding: "utf8",
    timeout: 20_000,
    ...(input === undefined ? {} : { input }),
  });
  if (ran.status !== 0) throw new Error(`${command} ${args.join(" ")}: ${ran.stderr || ran.error?.message}`);
  return ran.stdout;
}
