/**
 * A soak: changes at a steady rate to a mesh that many sidecars follow. `node --expose-gc test/bench/soak.ts [sidecars] [seconds]
 * [changes per second]`. The sidecars are independent clients in a process of their own. Ends with a table; exit code 1 when a
 * sidecar is not right at the end, or memory has grown.
 */
import { fork } from "node:child_process";
import { runSoak } from "./soak-run.ts";

const [sidecars = 200, seconds = 60, rate = 100] = process.argv.slice(2).map(Number);

const result = await runSoak({ sidecars, seconds, rate, services: 100 }, (port) =>
  fork(new URL("soak-clients.ts", import.meta.url), [String(port), String(sidecars)], { serialization: "advanced" }),
);
const rows: readonly (readonly [string, string])[] = [
  ["sidecars × services", `${sidecars} × ${result.services}`],
  ["changes", `${result.changes} in ${seconds} s (${(result.changes / seconds).toFixed(0)}/s)`],
  ["responses sent", `${result.responses}`],
  ["sidecars right at the end", `${result.right} of ${sidecars}`],
  ["refused", `${result.refused}`],
  ["server heap, ¼ → end", `${mib(result.heapBefore)} → ${mib(result.heapAfter)} MiB`],
  ["server RSS, ¼ → end", `${mib(result.rssBefore)} → ${mib(result.rssAfter)} MiB`],
  ["server CPU", `${result.cpuSeconds.toFixed(1)} s`],
];
for (const [what, value] of rows) console.log(`${what.padEnd(28)} ${value}`);
const flat = result.heapAfter < result.heapBefore * 1.25 + 10 * 2 ** 20;
process.exitCode = result.right === sidecars && result.refused === 0 && flat ? 0 : 1;

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}
