/** `make check`: everything that can be known without running the program, side by side. */
import { run } from "./run.ts";

/** Most lines of a failed check that are shown. */
const MAX_LINES = 100;

const CHECKS = [
  { name: "types", command: "tsc", args: [] },
  { name: "lint", command: "oxlint", args: ["--type-aware", "--quiet", "src", "test", "proto", "scripts", "examples"] },
  { name: "layers", command: process.execPath, args: ["scripts/layers.ts"] },
  { name: "dead code", command: "knip", args: ["--no-progress"] },
  { name: "format", command: "prettier", args: ["--check", "--log-level", "warn", "."] },
] as const;

const results = await Promise.all(
  CHECKS.map(async ({ name, command, args }) => {
    const result = await run(command, args);
    console.log(`${result.code === 0 ? "ok    " : "FAILED"}  ${name.padEnd(10)}  ${result.seconds.toFixed(1)} s`);
    return { name, ...result };
  }),
);
const failed = results.filter(({ code }) => code !== 0);
for (const { name, output } of failed) {
  const lines = output.trim().split("\n");
  const more = lines.length > MAX_LINES ? `\n… and ${lines.length - MAX_LINES} lines more` : "";
  console.log(`\n── ${name}\n${lines.slice(0, MAX_LINES).join("\n")}${more}`);
}
process.exitCode = failed.length > 0 ? 1 : 0;
