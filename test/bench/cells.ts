/** What is measured: the sizes of the mesh, both protocols, and who serves. */
export interface Cell {
  readonly mode: "delta" | "sotw";
  readonly sidecars: number;
  readonly services: number;
  /** Ten a service unless it says otherwise. */
  readonly pods?: number;
  /** Every pod says that it depends on the first few services, and only those change; otherwise it is told of all. */
  readonly scoped?: boolean;
}

/** Heddle, and go-control-plane with each of its caches: a snapshot for every node, as most build it, or one for all. */
export const SERVERS = ["heddle", "snapshot", "linear"] as const;
export type ServerKind = (typeof SERVERS)[number];

export interface Plan {
  readonly cells: readonly Cell[];
  /** Times that every server is started in a cell. */
  rounds(cell: Cell): number;
  /** Changes of each kind in a round, after some that are not measured. */
  changes(cell: Cell): { readonly warmup: number; readonly measured: number };
}

const SIZES = [100, 1000];

/**
 * Node compiles what it runs often while it runs: the first changes after a start take about half as long again. A control plane runs for
 * weeks, so that they are not counted.
 */
export const CHANGES = { warmup: 10, measured: 3 };
/** No more of those that are not counted once they have taken this long: the peer's snapshots take seconds for one change. */
export const WARMUP_SECONDS = 10;

export const FULL: Plan = {
  cells: SIZES.flatMap((sidecars) => SIZES.flatMap((services) => both(sidecars, services))),
  // Five where something is aimed for: the largest mesh over Delta, and the sizes that its growth is told by.
  rounds: ({ mode, sidecars, services }) => (mode === "delta" && Math.max(sidecars, services) === 1000 ? 5 : 2),
  changes: () => CHANGES,
};

/** One replica in a large cluster of 50 000 endpoints; the peer has no Kubernetes side to compare with. */
export const LARGE: Cell = { mode: "delta", sidecars: 1000, services: 5000, pods: 10_000 };

export const LARGEST: Cell = { mode: "delta", sidecars: 1000, services: 1000 };

/** The largest mesh, of which every sidecar is told only what its pod depends on: each change concerns all of them. */
export const SCOPED: Cell = { ...LARGEST, scoped: true };

/** Says within two minutes whether something has become much faster or slower. */
export const QUICK: Plan = {
  cells: [
    { mode: "sotw", sidecars: 100, services: 100 },
    { mode: "delta", sidecars: 100, services: 1000 },
  ],
  rounds: () => 1,
  changes: () => ({ warmup: 3, measured: 3 }),
};

function both(sidecars: number, services: number): Cell[] {
  return [
    { mode: "delta", sidecars, services },
    { mode: "sotw", sidecars, services },
  ];
}

export function cellName({ mode, sidecars, services, scoped }: Cell): string {
  return `${sidecars} sidecars × ${services} services, ${mode === "delta" ? "Delta" : "SotW"}${scoped ? ", scoped" : ""}`;
}

/** `delta:1000x100`: protocol, sidecars, services. @throws Error for anything else */
export function parseCell(text: string): Cell {
  const [, mode, sidecars, services] = /^(delta|sotw):([1-9][0-9]*)x([1-9][0-9]*)$/.exec(text) ?? [];
  if (mode === undefined) throw new Error(`"${text}" is no cell; write for example delta:1000x100`);
  return { mode: mode === "delta" ? mode : "sotw", sidecars: Number(sidecars), services: Number(services) };
}
