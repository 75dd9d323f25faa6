/** From samples to rows: medians, ratios to the better of the peer's caches, and whether an aim is met. */
import { type Cell, cellName, type ServerKind } from "./cells.ts";
import type { Sample } from "./load.ts";

export interface Median {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly samples: number;
}

/** One figure in one cell. All figures are costs: less is better. */
export interface Row {
  readonly case: string;
  readonly figure: string;
  readonly unit: string;
  readonly mode: Cell["mode"];
  readonly sidecars: number;
  readonly services: number;
  readonly heddle: Median;
  /** The better of the two. */
  readonly peer: Median & { readonly cache: ServerKind };
  readonly caches: { readonly snapshot: Median; readonly linear: Median };
  /** Heddle's median to the better peer's. */
  readonly ratio: number;
  readonly aim?: number;
  readonly met?: boolean;
}

/** How Heddle's own cost grows from one size of mesh to another; figures are endpoint changes over Delta. */
export interface Growth {
  readonly what: string;
  readonly figure: string;
  readonly ratio: number;
  readonly peers: { readonly snapshot: number; readonly linear: number };
  readonly aim: number;
  readonly met: boolean;
}

export type Samples = ReadonlyMap<string, Readonly<Record<ServerKind, readonly Sample[]>>>;

interface Figure {
  readonly key: string;
  readonly case: string;
  readonly figure: string;
  readonly unit: string;
  /** Largest ratio aimed for, with Delta in the largest mesh. */
  readonly aim?: number;
}

const CHANGES = [
  { key: "P50", figure: "p50", unit: "ms" },
  { key: "P99", figure: "p99", unit: "ms" },
  { key: "Max", figure: "max", unit: "ms" },
  { key: "Cpu", figure: "CPU", unit: "s" },
  { key: "Bytes", figure: "bytes per sidecar", unit: "B" },
];

export const FIGURES: readonly Figure[] = [
  { key: "serverStart", case: "server start", figure: "until it serves", unit: "ms" },
  { key: "coldStart", case: "cold start", figure: "until the last sidecar is configured", unit: "ms", aim: 0.6 },
  { key: "coldCpu", case: "cold start", figure: "CPU", unit: "s" },
  { key: "coldBytes", case: "cold start", figure: "bytes per sidecar", unit: "B" },
  ...changes("endpoint", { P50: 0.15, Cpu: 0.1 }),
  ...changes("route", { P50: 0.5 }),
  { key: "memoryPerSidecar", case: "memory", figure: "per sidecar, after a collection", unit: "KiB", aim: 0.3 },
  { key: "memory", case: "memory", figure: "in all, after a collection", unit: "MiB" },
  { key: "memoryPeak", case: "memory", figure: "in all, at most", unit: "MiB" },
];

/** A figure of one replica in the large cluster. */
export interface Limit {
  readonly figure: string;
  readonly unit: string;
  readonly heddle: Median;
  /** Largest value aimed for. */
  readonly aim?: number;
  readonly met?: boolean;
}

const LIMITS = [
  { key: "serverStart", figure: "start of the process → it serves", unit: "ms" },
  { key: "memoryBefore", figure: "memory then, after a collection", unit: "MiB" },
  { key: "coldStart", figure: "cold start of all sidecars", unit: "ms" },
  { key: "coldCpu", figure: "its CPU", unit: "s" },
  { key: "coldBytes", figure: "its bytes per sidecar", unit: "B" },
  { key: "endpointP50", figure: "endpoint change, p50", unit: "ms" },
  { key: "endpointCpu", figure: "endpoint change, CPU", unit: "s" },
  { key: "routeP50", figure: "route change, p50", unit: "ms" },
  { key: "memory", figure: "memory with all sidecars, after a collection", unit: "MiB", aim: 1024 },
  { key: "memoryPeak", figure: "memory at most", unit: "MiB", aim: 1024 },
];

const LARGEST = { sidecars: 1000, services: 1000 };

export function rowsOf(cells: readonly Cell[], samples: Samples): Row[] {
  return cells.flatMap((cell) => {
    const of = samples.get(cellName(cell));
    return of ? FIGURES.map((figure) => rowOf(cell, figure, of)) : [];
  });
}

function rowOf(cell: Cell, figure: Figure, of: Readonly<Record<ServerKind, readonly Sample[]>>): Row {
  const [heddle, snapshot, linear] = (["heddle", "snapshot", "linear"] as const).map((kind) =>
    medianOf(of[kind].flatMap((sample) => sample[figure.key] ?? [])),
  ) as [Median, Median, Median];
  const better = snapshot.median < linear.median ? "snapshot" : "linear";
  const peer = { ...(better === "snapshot" ? snapshot : linear), cache: better } as const;
  const ratio = significant(heddle.median / peer.median);
  const judged =
    cell.mode === "delta" && cell.sidecars === LARGEST.sidecars && cell.services === LARGEST.services && figure.aim;
  return {
    case: figure.case,
    figure: figure.figure,
    unit: figure.unit,
    ...cell,
    heddle,
    peer,
    caches: { snapshot, linear },
    ratio,
    ...(judged && ratio > 0 ? { aim: judged, met: ratio <= judged } : {}),
  };
}

/** A figure of sidecars that are told of their dependencies only, beside the peer's for the whole mesh. */
export interface Scoped {
  readonly figure: string;
  readonly unit: string;
  readonly heddle: Median;
  readonly peer: Median;
  readonly ratio: number;
  /** Largest value of `by` aimed for. */
  readonly aim?: number;
  /** The aim is for the ratio, or for the figure itself. */
  readonly by?: "ratio" | "figure";
  readonly met?: boolean;
}

const SCOPED = [
  { key: "coldStart", aim: undefined, by: undefined },
  { key: "endpointP50", aim: undefined, by: undefined },
  { key: "routeP50", aim: 0.5, by: "ratio" },
  { key: "routeCpu", aim: undefined, by: undefined },
  { key: "routeBytes", aim: 20_000, by: "figure" },
  { key: "memoryPerSidecar", aim: undefined, by: undefined },
] as const;

/** @param rows with those of the largest mesh over Delta, for what the peer takes; nothing without them */
export function scopedOf(samples: readonly Sample[], rows: readonly Row[]): Scoped[] {
  const largest = rows.filter(
    ({ mode, sidecars, services }) =>
      mode === "delta" && sidecars === LARGEST.sidecars && services === LARGEST.services,
  );
  return SCOPED.flatMap(({ key, aim, by }) => {
    const { case: name, figure, unit } = FIGURES.find((f) => f.key === key)!;
    const row = largest.find((r) => r.case === name && r.figure === figure);
    if (!row || samples.length === 0) return [];
    const heddle = medianOf(samples.flatMap((sample) => sample[key] ?? []));
    const ratio = significant(heddle.median / row.peer.median);
    const verdict = aim === undefined ? {} : { aim, by, met: (by === "ratio" ? ratio : heddle.median) <= aim };
    return { figure: `${name}: ${figure}`, unit, heddle, peer: row.peer, ratio, ...verdict };
  });
}

export function limitsOf(samples: readonly Sample[]): Limit[] {
  return LIMITS.map(({ key, figure, unit, aim }) => {
    const heddle = medianOf(samples.flatMap((sample) => sample[key] ?? []));
    return { figure, unit, heddle, ...(aim !== undefined && { aim, met: heddle.median <= aim }) };
  });
}

/** What it costs one real Envoy to start with the services that it is sent. */
export interface Scope {
  readonly scope: string;
  /** Bytes that it received of the control plane until it was ready. */
  readonly bytes: Median;
  /** Milliseconds from the start of its process until it was ready. */
  readonly ready: Median;
  /** MiB resident. */
  readonly memory: Median;
}

/** Empty where the sizes that they compare were not measured. */
export function growthOf(rows: readonly Row[]): Growth[] {
  return ["p50", "CPU"].flatMap((figure) => {
    const at = (sidecars: number, services: number): Row | undefined =>
      endpointChange(rows, figure, sidecars, services);
    return [
      ...growth({ what: "services 100 → 1000", figure, aim: 1.2 }, at(1000, 100), at(1000, 1000)),
      ...growth({ what: "sidecars 100 → 1000", figure, aim: 10 }, at(100, 1000), at(1000, 1000)),
    ];
  });
}

/** The row of endpoint changes over Delta in a mesh of this size. */
export function endpointChange(
  rows: readonly Row[],
  figure: string,
  sidecars: number,
  services: number,
): Row | undefined {
  return rows.find(
    (row) =>
      row.case === "endpoint change" &&
      row.mode === "delta" &&
      row.figure === figure &&
      row.sidecars === sidecars &&
      row.services === services,
  );
}

function growth(
  head: Pick<Growth, "what" | "figure" | "aim">,
  small: Row | undefined,
  large: Row | undefined,
): Growth[] {
  if (!small || !large) return [];
  const ratio = significant(large.heddle.median / small.heddle.median);
  const peers = {
    snapshot: significant(large.caches.snapshot.median / small.caches.snapshot.median),
    linear: significant(large.caches.linear.median / small.caches.linear.median),
  };
  return [{ ...head, ratio, peers, met: ratio <= head.aim }];
}

export function medianOf(values: readonly number[]): Median {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return {
    median: significant(median),
    min: significant(sorted[0] ?? NaN),
    max: significant(sorted.at(-1) ?? NaN),
    samples: sorted.length,
  };
}

/** Three digits: there is no more in them. Whole numbers stay whole. */
function significant(value: number): number {
  return Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(3));
}

function changes(kind: "endpoint" | "route", aims: Readonly<Record<string, number>>): Figure[] {
  return CHANGES.map(({ key, figure, unit }) => {
    const aim = aims[key];
    return { key: `${kind}${key}`, case: `${kind} change`, figure, unit, ...(aim !== undefined && { aim }) };
  });
}
