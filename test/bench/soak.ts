/**
 * A soak: changes at a steady rate to a mesh that many sidecars follow, and reconnect at random if told to. `node --expose-gc
 * test/bench/soak.ts [--sidecars=200] [--seconds=60] [--rate=100] [--reconnects=0]`, the latter two a second; `--long` is ten minutes
 * with 50 changes and 10 reconnects. The sidecars are independent clients in a process of their own. Ends with a table; exit code
 * 1 when a sidecar is not right at the end, or memory has grown.
 */
import { fork } from "node:child_process";
import { parseArgs } from "node:util";
import { runSoak } from "./soak-run.ts";

const { values } = parseArgs({
  options: {
    long: { type: "boolean", default: false },
    sidecars: { type: "string" },
    seconds: { type: "string" },
    rate: { type: "string" },
    reconnects: { type: "string" },
  },
});
const base = values.long
  ? { sidecars: 200, seconds: 600, rate: 50, reconnects: 10 }
  : { sidecars: 200, seconds: 60, rate: 100, reconnects: 0 };
const { long: _, ...given } = values;
const chosen = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, Number(value)]));
const { sidecars, seconds, rate, reconnects } = { ...base, ...chosen };
if (![sidecars, seconds, rate, reconnects].every((value) => value >= 0)) throw new Error("an option is not a number");

const result = await runSoak({ sidecars, seconds, rate, services: 100 }, (port) =>
  fork(new URL("soak-clients.ts", import.meta.url), [port, sidecars, reconnects].map(String), {
    serialization: "advanced",
  }),
);
const rows: readonly (readonly [string, string])[] = [
  ["sidecars × services", `${sidecars} × ${result.services}`],
  ["changes", `${result.changes} in ${seconds} s (${(result.changes / seconds).toFixed(0)}/s)`],
  ["reconnects", `${result.reconnects}`],
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
