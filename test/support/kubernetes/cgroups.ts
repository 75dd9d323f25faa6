/** The control groups of a cluster's pods, below one with the test's pid in its name, in each hierarchy of the machine. */
import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const MOUNT = "/sys/fs/cgroup";
const PREFIX = "heddle-cluster-";
const NAME = `${PREFIX}${process.pid}`;

/** Makes the groups and gives their name as a kubelet wants it. Those of dead test runs are removed first. */
export function createCgroups(): string {
  for (const hierarchy of hierarchies()) {
    for (const name of readdirSync(hierarchy)) {
      const pid = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : undefined;
      if (pid && !existsSync(`/proc/${pid}`)) removeGroup(join(hierarchy, name));
    }
    if (isUnified(hierarchy)) delegate(hierarchy);
    mkdirSync(join(hierarchy, NAME), { recursive: true });
    if (isUnified(hierarchy)) delegate(join(hierarchy, NAME));
  }
  return `/${NAME}`;
}

/** Fails while a process is left in one of them. */
export function removeCgroups(): void {
  for (const hierarchy of hierarchies()) removeGroup(join(hierarchy, NAME));
}

/** With the unified hierarchy it is the mount itself, else each folder of it. */
function hierarchies(): readonly string[] {
  if (isUnified(MOUNT)) return [MOUNT];
  return readdirSync(MOUNT).map((name) => join(MOUNT, name));
}

function isUnified(hierarchy: string): boolean {
  return existsSync(join(hierarchy, "cgroup.controllers"));
}

function delegate(group: string): void {
  for (const controller of ["cpuset", "cpu", "io", "memory", "pids"]) {
    try {
      writeFileSync(join(group, "cgroup.subtree_control"), `+${controller}`);
    } catch {
      // Not every machine has every controller, and none may be here but in another hierarchy.
    }
  }
}

function removeGroup(group: string): void {
  if (!existsSync(group)) return;
  for (const entry of readdirSync(group, { withFileTypes: true })) {
    if (entry.isDirectory()) removeGroup(join(group, entry.name));
  }
  rmdirSync(group);
}
