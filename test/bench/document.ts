/** Writes docs/performance.{json,md,svg}. */
import { writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { format } from "prettier";
import { DEPENDENCIES } from "./bench-mesh.ts";
import { chartSheet, type Chart } from "./chart.ts";
import { CHANGES, LARGE, SERVERS, WARMUP_SECONDS } from "./cells.ts";
import { endpointChange, type Growth, type Limit, type Row, type Scope, type Scoped } from "./figures.ts";
import { cellTables, limitTable, scopedTable, scopeTable, verdictTable } from "./text.ts";

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

/** docs/performance.json */
export interface Performance {
  readonly machine: Machine;
  readonly rows: readonly Row[];
  readonly growth: readonly Growth[];
  readonly scoped: readonly Scoped[];
  readonly scopes: readonly Scope[];
  readonly limits: readonly Limit[];
}

export async function writeDocuments(performance: Performance): Promise<void> {
  const json = await format(JSON.stringify(performance), { parser: "json", printWidth: 120 });
  writeFileSync(join(DOCS, "performance.json"), json);
  writeFileSync(join(DOCS, "performance.svg"), chartSheet(chartsOf(performance.rows)));
  writeFileSync(join(DOCS, "performance.md"), performancePage(performance));
}

/** docs/performance.md */
export function performancePage({ rows, growth, scoped, scopes, limits, machine }: Performance): string {
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
  at least ${samplesOf(aimedFor(rows))} where something is aimed for, and of ${samplesOf(rows)}
  elsewhere. From the request that causes a change to the sidecar's ACK; CPU until the server is quiet.
- Changes are counted after the first ${CHANGES.warmup} of a kind, or ${WARMUP_SECONDS} seconds of them, for every server: Node compiles while it
  runs, and the first few after a start take Heddle about half as long again.
- Every service has one HTTP port, ten endpoints with their pods, and a TrafficPolicy with a split, retries, circuit breakers and
  outlier detection. An endpoint change gives one endpoint a new address, a route change a split new weights. Heddle's routes try
  another endpoint when one fails, which the peer's do not, and its names leave out the cluster's domain, which the peer's hold.
- Memory per sidecar is what the server's resident memory grew by, a collection before and one after; over the peer's it holds the
  HTTP/2 connection, too.

## Aims

Delta, 1000 sidecars, 1000 services.

${verdictTable(rows, growth)}

![Cost of an endpoint change against sidecars and services](performance.svg)

## Scope

The same mesh with sidecars whose pods name ${DEPENDENCIES} dependencies, the same for all, so that each change concerns every one of them; beside
what the peer takes for the whole mesh.

${scopedTable(scoped)}

One real Envoy after another, of a control plane with 1000 services: what it costs a sidecar to start with all of them, and with
those that its pod says it depends on, and with none before it calls one.

${scopeTable(scopes)}

${largeCluster(limits)}## Figures

${cellTables(rows)}
`;
}

function largeCluster(limits: readonly Limit[]): string {
  if (limits.length === 0) return "";
  const { services, pods = 0, sidecars } = LARGE;
  return `## A large cluster

One replica in a cluster of ${services} services with ten endpoints each and ${pods} pods, read from the API server's lists; then
${sidecars} sidecars connect (Delta), each of which is sent all services.

${limitTable(limits)}

`;
}

/** Rows of the sizes that aims and growth are told by. */
function aimedFor(rows: readonly Row[]): readonly Row[] {
  return rows.filter(({ mode, sidecars, services }) => mode === "delta" && Math.max(sidecars, services) === 1000);
}

function samplesOf(rows: readonly Row[]): string {
  return `${fewest(rows, "cold start")} cold starts and ${fewest(rows, "endpoint change")} changes of a kind`;
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
