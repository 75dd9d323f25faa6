/** Starts the servers under test, each on the first core. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { freePort } from "../support/free-port.ts";
import { startApiServer } from "./api-server.ts";
import { benchMesh, NAMESPACE } from "./bench-mesh.ts";
import type { Cell, ServerKind } from "./cells.ts";
import { bound } from "./child.ts";

export const SERVER_CORE = "0";
/** Longest start, in milliseconds. */
const START_LIMIT = 120_000;

export interface RunningServer {
  readonly pid: number;
  readonly xdsPort: number;
  /** Milliseconds from the start of the process until it serves. */
  readonly startTime: number;
  /** To be posted to for a change. */
  mutateUrl(kind: "endpoint" | "route"): string;
  /** To be asked for a garbage collection. */
  readonly gcUrl: string;
  /** What the names of its sidecars begin and end with. */
  readonly nodes: { readonly prefix: string; readonly suffix: string };
  stop(): Promise<void>;
}

export interface Programs {
  /** Path of Heddle's bundle. */
  readonly heddle: string;
  readonly peer: string;
}

export async function startServer(kind: ServerKind, cell: Cell, programs: Programs): Promise<RunningServer> {
  return kind === "heddle"
    ? startHeddle(cell, programs.heddle)
    : startPeer(cell, { cache: kind, program: programs.peer });
}

export async function startHeddle(
  cell: Cell,
  bundle: string,
): Promise<RunningServer & { readonly profileUrl: string }> {
  const api = await startApiServer(benchMesh(cell));
  const kubeconfig = join(dirname(bundle), "kubeconfig.json");
  writeFileSync(kubeconfig, JSON.stringify(kubeconfigOf(api.port)));
  const start = performance.now();
  // Into a file, so that writing it costs what it costs.
  const log = join(dirname(bundle), "heddle.log");
  const descriptor = openSync(log, "w");
  const child = launch([process.execPath, "--expose-gc", bundle, kubeconfig], "pipe", descriptor);
  closeSync(descriptor);
  const [line] = (await Promise.race([
    once(createInterface(child.stdout!), "line", { signal: AbortSignal.timeout(START_LIMIT) }),
    failed(child, () => readFileSync(log, "utf8").slice(-2000)),
  ])) as [string];
  const startTime = performance.now() - start;
  const { xdsPort, controlPort } = JSON.parse(line) as { xdsPort: number; controlPort: number };
  return {
    pid: child.pid!,
    xdsPort,
    startTime,
    mutateUrl: (kind) => `http://127.0.0.1:${api.port}/mutate?kind=${kind}`,
    gcUrl: `http://127.0.0.1:${controlPort}/stats?gc=1`,
    profileUrl: `http://127.0.0.1:${controlPort}/profile`,
    nodes: { prefix: "pod-", suffix: `.${NAMESPACE}` },
    async stop() {
      await end(child);
      await api.close();
    },
  };
}

async function startPeer(
  { mode, sidecars, services }: Cell,
  { cache, program }: { readonly cache: string; readonly program: string },
): Promise<RunningServer> {
  const xdsPort = await freePort();
  const controlPort = await freePort();
  const control = `127.0.0.1:${controlPort}`;
  const start = performance.now();
  const child = launch(
    [program, "-addr", `127.0.0.1:${xdsPort}`, "-ctl", control, "-cache", cache, "-mode", mode].concat(
      "-n",
      String(sidecars),
      "-services",
      String(services),
    ),
    "ignore",
    "inherit",
  );
  await Promise.race([answers(`http://${control}/stats`), failed(child)]);
  return {
    pid: child.pid!,
    xdsPort,
    startTime: performance.now() - start,
    mutateUrl: (kind) => `http://${control}/mutate?kind=${kind}`,
    gcUrl: `http://${control}/stats?gc=1`,
    nodes: { prefix: "node-", suffix: "" },
    stop: () => end(child),
  };
}

function launch(command: readonly string[], stdout: "pipe" | "ignore", stderr: "inherit" | number): ChildProcess {
  return bound(spawn("taskset", ["-c", SERVER_CORE, ...command], { stdio: ["ignore", stdout, stderr] }));
}

/** Rejects when the process ends. */
async function failed(child: ChildProcess, said = () => ""): Promise<never> {
  const [code] = (await once(child, "exit")) as [number | null];
  throw new Error(`the server ended with ${code} before it served: ${said()}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

async function answers(url: string): Promise<void> {
  const limit = performance.now() + START_LIMIT;
  while (performance.now() < limit) {
    const answer = await fetch(url).catch(() => undefined);
    await answer?.text();
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`no answer from ${url}`);
}

function kubeconfigOf(port: number): unknown {
  const name = "bench";
  return {
    apiVersion: "v1",
    kind: "Config",
    "current-context": name,
    contexts: [{ name, context: { cluster: name, user: name } }],
    clusters: [{ name, cluster: { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true } }],
    users: [{ name, user: {} }],
  };
}
