import { spawn } from "node:child_process";

export interface Ran {
  readonly code: number;
  readonly output: string;
  readonly seconds: number;
}

/** Runs a command of node_modules/.bin or the PATH and keeps what it prints. Never rejects: a missing command is code 127. */
export function run(command: string, args: readonly string[]): Promise<Ran> {
  const start = performance.now();
  const chunks: Buffer[] = [];
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, FORCE_COLOR: "0" },
    });
    const done = (code: number): void =>
      resolve({ code, output: Buffer.concat(chunks).toString(), seconds: (performance.now() - start) / 1000 });
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.once("error", (error) => {
      chunks.push(Buffer.from(error.message));
      done(127);
    });
    child.once("close", (code) => done(code ?? 1));
  });
}
