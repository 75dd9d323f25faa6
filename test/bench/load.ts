/** Runs the load client against a server, on the second core, and takes its lines apart. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { type Cell, WARMUP_SECONDS } from "./cells.ts";
import { bound } from "./child.ts";
import type { RunningServer } from "./servers.ts";

export const LOAD_CORE = "1";

/** One measurement of everything that one run of one server gives; see `FIGURES` for what each means. */
export type Sample = Readonly<Record<string, readonly number[]>>;

/** What the load client says of a phase, as far as it is used. */
interface Phase {
  readonly phase: "cold" | "change" | "memory-after-gc";
  readonly by?: string;
  readonly streams_done: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
  readonly bytes_rx: number;
  readonly responses: number;
  readonly nacks: number;
  readonly missing_eds?: number;
  readonly missing_rds?: number;
  readonly timed_out?: boolean;
  readonly dead_streams?: unknown;
  readonly server_cpu_s: number;
  readonly server_wait_s: number;
  readonly server_rss_mib: number;
  readonly server_rss_mib_before_clients: number;
  readonly server_hwm_mib: number;
  readonly server_rss_kib_per_client: number;
  readonly foreign_cores: number;
}

/** @throws Error when a sidecar was not configured, refused something, or was not told of a change */
export async function measure(
  { swarm, server }: { readonly swarm: string; readonly server: RunningServer },
  cell: Cell,
  { warmup, measured }: { readonly warmup: number; readonly measured: number },
): Promise<Sample> {
  const child = startLoad({ swarm, server }, cell, [
    `-warmup=${warmup}`,
    `-warmup-limit=${WARMUP_SECONDS}s`,
    `-mutations=${measured}`,
    `-mutate-url=${server.mutateUrl("endpoint")}`,
    `-mutate-url=${server.mutateUrl("route")}`,
  ]);
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`the load client ended with ${code}`);
  const phases = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Phase);
  phases.forEach((phase) => check(phase, cell));
  return { serverStart: [server.startTime], ...sampleOf(phases, cell.sidecars) };
}

/** The load client as a process; it says a line of JSON for each phase. */
export function startLoad(
  { swarm, server }: { readonly swarm: string; readonly server: RunningServer },
  { sidecars, mode }: Cell,
  more: readonly string[],
): ChildProcessByStdio<null, Readable, null> {
  const options = {
    addr: `127.0.0.1:${server.xdsPort}`,
    n: sidecars,
    mode,
    "node-prefix": server.nodes.prefix,
    "node-suffix": server.nodes.suffix,
    "server-pid": server.pid,
    "gc-url": server.gcUrl,
    "cold-timeout": "300s",
    // Without limit, as Heddle tells its sidecars.
    "init-fetch-timeout": "300s",
    timeout: "120s",
    "lock-streams": true,
  };
  const args = Object.entries(options).map(([name, value]) => `-${name}=${value}`);
  return bound(spawn("taskset", ["-c", LOAD_CORE, swarm, ...args, ...more], { stdio: ["ignore", "pipe", "inherit"] }));
}

function check(phase: Phase, { sidecars }: Cell): void {
  if (phase.phase === "memory-after-gc") return;
  const { streams_done, nacks, timed_out, dead_streams, missing_eds = 0, missing_rds = 0 } = phase;
  if (streams_done === sidecars && nacks === 0 && !timed_out && !dead_streams && missing_eds + missing_rds === 0)
    return;
  throw new Error(`not every sidecar has what it should have: ${JSON.stringify(phase)}`);
}

function sampleOf(phases: readonly Phase[], sidecars: number): Sample {
  const cold = phases.filter(({ phase }) => phase === "cold");
  const settled = phases.filter(({ phase }) => phase === "memory-after-gc");
  const sample: Record<string, readonly number[]> = {
    coldStart: cold.map((p) => p.max_ms),
    coldCpu: cold.map((p) => p.server_cpu_s),
    coldBytes: cold.map((p) => p.bytes_rx / sidecars),
    memoryPerSidecar: settled.map((p) => p.server_rss_kib_per_client),
    memory: settled.map((p) => p.server_rss_mib),
    memoryBefore: settled.map((p) => p.server_rss_mib_before_clients),
    memoryPeak: [Math.max(...phases.flatMap((p) => p.server_hwm_mib ?? []))],
    foreign: phases.flatMap((p) => p.foreign_cores ?? []),
  };
  for (const [name, by] of [
    ["endpoint", "eds"],
    ["route", "rds"],
  ]) {
    const changes = phases.filter((p) => p.phase === "change" && p.by === by);
    sample[`${name}P50`] = changes.map((p) => p.p50_ms);
    sample[`${name}P99`] = changes.map((p) => p.p99_ms);
    sample[`${name}Max`] = changes.map((p) => p.max_ms);
    sample[`${name}Cpu`] = changes.map((p) => p.server_cpu_s);
    sample[`${name}Bytes`] = changes.map((p) => p.bytes_rx / sidecars);
    sample[`${name}Responses`] = changes.map((p) => p.responses / sidecars);
  }
  return sample;
}
