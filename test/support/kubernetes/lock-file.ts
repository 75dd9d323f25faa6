import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Waits until this process alone holds the file, and gives what releases it. What a dead process held is taken over; two that take
 * it over at the same moment would both go on, so what the lock guards must stay right then, only slower.
 *
 * @param limit milliseconds
 */
export async function lockFile(path: string, limit: number): Promise<() => void> {
  mkdirSync(dirname(path), { recursive: true });
  const end = performance.now() + limit;
  for (let waits = false; ; waits = true) {
    try {
      writeFileSync(path, String(process.pid), { flag: "wx" });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const holder = readHolder(path);
    if (holder !== undefined && !alive(holder)) rmSync(path, { force: true });
    if (performance.now() > end) throw new Error(`process ${holder} has held ${path} for ${limit / 1000} s`);
    if (!waits) process.stderr.write(`waiting for process ${holder}, which builds …\n`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function readHolder(path: string): number | undefined {
  try {
    // Empty for the moment between its making and its writing.
    return Number(readFileSync(path, "utf8")) || undefined;
  } catch {
    return undefined;
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
