import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A new folder with this process's id in its name; those of the same prefix that dead processes left are removed first. */
export function workFolder(prefix: string): string {
  for (const name of readdirSync(tmpdir())) {
    const pid = new RegExp(`^${prefix}-(\\d+)-`).exec(name)?.[1];
    if (pid && !existsSync(`/proc/${pid}`) && existsSync("/proc/self")) {
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
    }
  }
  return mkdtempSync(join(tmpdir(), `${prefix}-${process.pid}-`));
}
