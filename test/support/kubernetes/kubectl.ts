import { spawn } from "node:child_process";

/**
 * Runs kubectl, helm or another tool to its end and gives what it prints.
 *
 * @param input what it reads from standard input
 * @param limit milliseconds
 * @throws Error with what it wrote to standard error
 */
export type Tool = (args: readonly string[], input?: string, limit?: number) => Promise<string>;

/** A tool with a cluster's kubeconfig, whose caches are kept apart from those of other clusters. */
export function createTool(path: string, kubeconfig: string, cache: string): Tool {
  const env = {
    ...process.env,
    KUBECONFIG: kubeconfig,
    KUBECACHEDIR: cache,
    HELM_CACHE_HOME: cache,
    HELM_CONFIG_HOME: cache,
    HELM_DATA_HOME: cache,
  };
  return (args, input, limit = 60_000) =>
    new Promise((resolve, reject) => {
      const child = spawn(path, args, { env, timeout: limit, killSignal: "SIGKILL" });
      let [output, errors] = ["", ""];
      child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
      child.stderr.setEncoding("utf8").on("data", (text: string) => (errors = `${errors}${text}`.slice(-8000)));
      // It may end before it has read everything; its own words then say why.
      child.stdin.on("error", () => {});
      child.stdin.end(input);
      child.once("error", reject);
      child.once("close", (code, signal) => {
        if (code === 0) resolve(output);
        else reject(new Error(`${path} ${args.join(" ")} ended with ${signal ?? code}: ${errors.trim()}`));
      });
    });
}
