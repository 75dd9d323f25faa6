import { spawnSync } from "node:child_process";

/** Runs a short command to its end and gives what it prints; throws with its own words when it fails. */
export function execute(command: readonly string[], limit = 20_000): string {
  const [first, ...rest] = command;
  const ran = spawnSync(first!, rest, { encoding: "utf8", timeout: limit, maxBuffer: 64 * 1024 * 1024 });
  if (ran.status !== 0) throw new Error(`${command.join(" ")}: ${ran.stderr || ran.error?.message || ran.signal}`);
  return ran.stdout;
}
