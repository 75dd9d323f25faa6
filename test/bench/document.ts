/** Writes docs/performance.{json,md,svg}. */
import { writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { format } from "prettier";
import { chartSheet, type Chart } from "./chart.ts";
import { SERVERS } from "./cells.ts";
import { endpointChange, growthOf, type Row } from "./figures.ts";
import { cellTables, verdictTable } from "./text.ts";

const DOCS = join(import.meta.dirname, "..", "..", "docs");
const SIZES = [100, 1000];

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
  readonly date: string;
  /** Cores that other processes used meanwhile: median and largest. */
  readonly foreignCores: { readonly median: number; readonly max: number };
}

export function thisMachine(foreignCores: Machine["foreignCores"]): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
    foreignCores,
  };
}

export async function writeDocuments(rows: readonly Row[], machine: Machine): Promise<void> {
  const growth = growthOf(rows);
  const json = await format(JSON.stringify({ machine, rows, growth }), { parser: "json", printWidth: 120 });
  writeFileSync(join(DOCS, "performance.json"), json);
  writeFileSync(join(DOCS, "performance.svg"), chartSheet(chartsOf(rows)));
  writeFileSync(join(DOCS, "performance.md"), performancePage(rows, machine));
}

/** docs/performance.md */
export function performancePage(rows: readonly Row[], machine: Machine): string {
  const { cpu, cores, memoryGiB, node, date, foreignCores } = machine;
  return `# Performance

Written by \`make bench\`; do not edit. The same figures with their spread are in [performance.json](performance.json).

Measured on ${date}: ${cpu}, ${cores} cores, ${memoryGiB} GiB, Node ${node}. Other processes used ${foreignCores.median} cores at the
median and ${foreignCores.max} at most: compare within a table, not with other machines.

- **Heddle** is the whole of it but TLS and tokens: events of a Kubernetes API server (one in memory) → model → translation →
  validation → wire, with metrics, progress and policy statuses. Every sidecar has a view of its own.
- The peer is [go-control-plane](https://github.com/envoyproxy/go-control-plane), which begins at Envoy's resources: nothing is
  translated. **snapshot**: a snapshot for every node, as most build it. **linear**: one cache for all, its fastest. Ratios are to
  the better of the two.
- The load client behaves as that many Envoys. Server and load client have a core each; servers take turns in one run. Medians of
  ${fewest(rows, "cold start")} cold starts and of at least ${fewest(rows, "endpoint change")} changes of a kind. From the request that causes a change to the sidecar's ACK; CPU until the server is quiet.
- Every service has one HTTP port, ten endpoints with their pods, and a TrafficPolicy with a split, retries, circuit breakers and
  outlier detection. An endpoint change gives one endpoint a new address, a route change a split new weights.
- Memory per sidecar is what the server's resident memory grew by, a collection before and one after; over the peer's it holds the
  HTTP/2 connection, too.

## Aims

Delta, 1000 sidecars, 1000 services.

${verdictTable(rows, growthOf(rows))}

![Cost of an endpoint change against sidecars and services](performance.svg)

## Figures

${cellTables(rows)}
`;
}

function fewest(rows: readonly Row[], name: string): number {
  return Math.min(
    ...rows.filter((row) => row.case === name).map(({ heddle, peer }) => Math.min(heddle.samples, peer.samples)),
  );
}

/** The panels of docs/performance.svg. */
export function chartsOf(rows: readonly Row[]): Chart[] {
  const figures = [
    { figure: "p50", title: "Endpoint change to ACK, p50", unit: "ms" },
    { figure: "CPU", title: "CPU of an endpoint change", unit: "s" },
  ];
  const axes = [
    { xLabel: "sidecars, at 1000 services", at: (n: number): [number, number] => [n, 1000] },
    { xLabel: "services, at 1000 sidecars", at: (n: number): [number, number] => [1000, n] },
  ];
  return figures.flatMap(({ figure, title, unit }) =>
    axes.map(({ xLabel, at }) => ({
      title,
      unit,
      xLabel,
      series: SERVERS.map((kind) => ({
        name: kind === "heddle" ? "Heddle" : kind,
        main: kind === "heddle",
        points: SIZES.flatMap((n): [number, number][] => {
          const row = endpointChange(rows, figure, ...at(n));
          const median = row && (kind === "heddle" ? row.heddle : row.caches[kind]).median;
          return median === undefined || !(median > 0) ? [] : [[n, median]];
        }),
      })),
    })),
  );
}
