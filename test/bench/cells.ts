/** What is measured: the sizes of the mesh, both protocols, and who serves. */
export interface Cell {
  readonly mode: "delta" | "sotw";
  readonly sidecars: number;
  readonly services: number;
  /** Ten a service unless it says otherwise. */
  readonly pods?: number;
}

/** Heddle, and go-control-plane with each of its caches: a snapshot for every node, as most build it, or one for all. */
export const SERVERS = ["heddle", "snapshot", "linear"] as const;
export type ServerKind = (typeof SERVERS)[number];

export interface Plan {
  readonly cells: readonly Cell[];
  /** Times that every server is started in every cell. */
  readonly rounds: number;
  /** Changes of each kind in a round, after some that are not measured. */
  changes(cell: Cell): { readonly warmup: number; readonly measured: number };
}

const SIZES = [100, 1000];

export const FULL: Plan = {
  cells: SIZES.flatMap((sidecars) => SIZES.flatMap((services) => both(sidecars, services))),
  rounds: 5,
  // The peer's snapshots take minutes for a few changes of the largest mesh.
  changes: ({ sidecars, services }) =>
    sidecars * services < 1_000_000 ? { warmup: 2, measured: 3 } : { warmup: 1, measured: 1 },
};

/** One replica in a large cluster of 50 000 endpoints; the peer has no Kubernetes side to compare with. */
export const LARGE: Cell = { mode: "delta", sidecars: 1000, services: 5000, pods: 10_000 };

/** Says within two minutes whether something has become much faster or slower. */
export const QUICK: Plan = {
  cells: [
    { mode: "sotw", sidecars: 100, services: 100 },
    { mode: "delta", sidecars: 100, services: 1000 },
  ],
  rounds: 1,
  changes: () => ({ warmup: 1, measured: 3 }),
};

function both(sidecars: number, services: number): Cell[] {
  return [
    { mode: "delta", sidecars, services },
    { mode: "sotw", sidecars, services },
  ];
}

export function cellName({ mode, sidecars, services }: Cell): string {
  return `${sidecars} sidecars × ${services} services, ${mode === "delta" ? "Delta" : "SotW"}`;
}

/** `delta:1000x100`: protocol, sidecars, services. @throws Error for anything else */
export function parseCell(text: string): Cell {
  const [, mode, sidecars, services] = /^(delta|sotw):([1-9][0-9]*)x([1-9][0-9]*)$/.exec(text) ?? [];
  if (mode === undefined) throw new Error(`"${text}" is no cell; write for example delta:1000x100`);
  return { mode: mode === "delta" ? mode : "sotw", sidecars: Number(sidecars), services: Number(services) };
}
