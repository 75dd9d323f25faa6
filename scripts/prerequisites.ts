/** What the tests in network namespaces need beyond Node: root, and the Debian packages iproute2 and iptables. */
import { spawnSync } from "node:child_process";

const COMMANDS = { ip: "iproute2", iptables: "iptables", nsenter: "util-linux" };

/** Reasons why network namespaces cannot be used, after installing what root can install. */
export function missingPrerequisites(): readonly string[] {
  if (process.platform !== "linux") return ["they need Linux"];
  if (process.getuid?.() !== 0) return ["they need root"];
  const absent = Object.entries(COMMANDS).filter(([command]) => !exists(command));
  if (absent.length === 0) return [];
  install(absent.map(([, name]) => name));
  return absent
    .filter(([command]) => !exists(command))
    .map(([command, name]) => `${command} is missing (package ${name})`);
}

/** Installs Debian packages, as far as that is possible here: what is missing afterwards says whether it was. */
export function install(packages: readonly string[]): void {
  console.log(`installing ${packages.join(", ")} …`);
  const quiet = {
    stdio: "ignore" as const,
    timeout: 300_000,
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  };
  spawnSync("apt-get", ["update", "-qq"], quiet);
  spawnSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...packages], quiet);
}

function exists(command: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${command}`], { stdio: "ignore" }).status === 0;
}
