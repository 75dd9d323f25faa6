/** Child processes that do not outlive this one. */
import type { ChildProcess } from "node:child_process";

/** The child, which is killed when this process ends, however it does short of SIGKILL. */
export function bound<T extends ChildProcess>(child: T): T {
  const end = (): void => void child.kill("SIGKILL");
  const stop = (): never => process.exit(1);
  process.once("exit", end).once("SIGINT", stop).once("SIGTERM", stop);
  child.once("exit", () => process.off("exit", end).off("SIGINT", stop).off("SIGTERM", stop));
  return child;
}
