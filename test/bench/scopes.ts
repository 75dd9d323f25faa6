/** What a sidecar costs by the services that it is sent: real Envoys, one after another, of a control plane with 1000 services. */
import { readFileSync } from "node:fs";
import { bootstrap } from "../../src/translate/bootstrap.ts";
import { startEnvoy } from "../support/envoy.ts";
import { DEPENDENCIES, NAMESPACE } from "./bench-mesh.ts";
import type { Cell } from "./cells.ts";
import { medianOf, type Scope } from "./figures.ts";
import { startHeddle } from "./servers.ts";

const CELL: Cell = { mode: "delta", sidecars: 1, services: 1000, pods: 10_000 };
const SCOPES = [
  { scope: "all 1000 services", pod: 0 },
  { scope: `${DEPENDENCIES} dependencies`, pod: 10_000 },
  { scope: "auto, before the first call", pod: 10_001 },
];

interface Start {
  readonly bytes: number;
  readonly ready: number;
  readonly memory: number;
}

/** @param heddle path of the bundle */
export async function measureScopes(heddle: string, rounds: number): Promise<Scope[]> {
  const starts = new Map<string, Start[]>(SCOPES.map(({ scope }) => [scope, []]));
  const server = await startHeddle(CELL, heddle);
  try {
    // The first of each is not measured: the control plane makes what the others are sent, too.
    for (let round = 0; round <= rounds; round++) {
      for (const { scope, pod } of SCOPES) {
        const start = await startSidecar(`pod-${pod}.${NAMESPACE}`, server.xdsPort);
        if (round > 0) starts.get(scope)!.push(start);
      }
    }
  } finally {
    await server.stop();
  }
  return [...starts].map(([scope, all]) => ({
    scope,
    bytes: medianOf(all.map(({ bytes }) => bytes)),
    ready: medianOf(all.map(({ ready }) => ready)),
    memory: medianOf(all.map(({ memory }) => memory)),
  }));
}

async function startSidecar(proxy: string, port: number): Promise<Start> {
  const text = bootstrap({ proxy, xds: { host: "127.0.0.1", port }, admin: { host: "127.0.0.1", port: 0 } });
  const start = performance.now();
  const envoy = await startEnvoy({ bootstrap: text });
  try {
    const ready = performance.now() - start;
    const stats = await envoy.stats("upstream_cx_rx_bytes_total|update_rejected|total_listeners_active");
    const [bytes = 0] = Object.entries(stats).flatMap(([name, value]) =>
      name.endsWith("rx_bytes_total") ? value : [],
    );
    const refused = Object.entries(stats).some(([name, value]) => name.endsWith("update_rejected") && value > 0);
    if (refused || bytes === 0 || !((stats["listener_manager.total_listeners_active"] ?? 0) > 0))
      throw new Error(`${proxy} is not configured: ${JSON.stringify(stats)}`);
    return { bytes, ready, memory: residentMemory(envoy.pid) };
  } finally {
    await envoy.stop();
  }
}

/** In MiB. */
function residentMemory(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kib) / 1024;
}
