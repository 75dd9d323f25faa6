/** The figures as text: on the screen, and as Markdown. */
import { cellName } from "./cells.ts";
import type { Growth, Limit, Median, Row, Scope, Scoped } from "./figures.ts";

export function screenTable(rows: readonly Row[]): string {
  return [...Map.groupBy(rows, (row) => cellName(row))]
    .map(([cell, group]) => {
      const lines = group.map((row) => {
        const { snapshot, linear } = row.caches;
        const columns = [row.heddle, snapshot, linear].map((m) => show(m, row.unit).padStart(10)).join("");
        return `  ${what(row).padEnd(52)}${columns}${`${row.ratio} ×`.padStart(11)}  ${verdict(row)}`.trimEnd();
      });
      const head = `  ${"".padEnd(52)}${["Heddle", "snapshot", "linear", "ratio"].map((s, i) => s.padStart(i === 3 ? 11 : 10)).join("")}`;
      return [cell, head, ...lines].join("\n");
    })
    .join("\n\n");
}

export function growthLines(growth: readonly Growth[]): string {
  return growth
    .map(({ what, figure, ratio, peers, aim, met }) => {
      const others = `snapshot ${peers.snapshot} ×, linear ${peers.linear} ×`;
      return `  endpoint change, ${figure}, ${what}: ${ratio} × (${others}; aim ${aim} ×: ${met ? "met" : "missed"})`;
    })
    .join("\n");
}

export function limitLines(limits: readonly Limit[]): string {
  return limits
    .map((limit) =>
      `  ${limit.figure.padEnd(52)}${show(limit.heddle, limit.unit).padStart(10)}  ${within(limit)}`.trimEnd(),
    )
    .join("\n");
}

export function scopeLines(scopes: readonly Scope[]): string {
  return scopes.map((scope) => `  ${scopeColumns(scope).join("  ")}`).join("\n");
}

export function scopeTable(scopes: readonly Scope[]): string {
  return markdownTable(["sent", "bytes", "exec → ready", "memory"], scopes.map(scopeColumns));
}

function scopeColumns({ scope, bytes, ready, memory }: Scope): string[] {
  return [scope, show(bytes, "B"), show(ready, "ms"), show(memory, "MiB")];
}

export function scopedTable(scoped: readonly Scoped[]): string {
  return markdownTable(["", "Heddle", "better peer, whole mesh", "ratio", "aim", "verdict"], scoped.map(scopedColumns));
}

export function scopedLines(scoped: readonly Scoped[]): string {
  return scoped
    .map(scopedColumns)
    .map(([name, heddle, peer, ratio, aim, verdict]) =>
      `  ${name!.padEnd(52)}${heddle!.padStart(10)}${peer!.padStart(20)}${ratio!.padStart(11)}  ${aim} ${verdict}`.trimEnd(),
    )
    .join("\n");
}

function scopedColumns({ figure, unit, heddle, peer, ratio, aim, by, met }: Scoped): string[] {
  const limit = aim === undefined ? "" : by === "ratio" ? `≤ ${aim} ×` : `≤ ${aim / 1000} KB`;
  const value = by === "ratio" ? ratio : heddle.median;
  const verdict = aim === undefined ? "" : missedBy({ ratio: value, aim, ...(met !== undefined && { met }) });
  return [figure, show(heddle, unit), show(peer, unit), `${ratio} ×`, limit, verdict];
}

export function limitTable(limits: readonly Limit[]): string {
  return markdownTable(
    ["", "Heddle", "aim"],
    limits.map((limit) => [limit.figure, show(limit.heddle, limit.unit), within(limit)]),
  );
}

function within({ aim, met, unit }: Limit): string {
  return aim === undefined ? "" : `≤ ${aim} ${unit}: ${met ? "met" : "missed"}`;
}

/** Rows with an aim, with the verdict of each. */
export function verdictTable(rows: readonly Row[], growth: readonly Growth[]): string {
  const judged = rows
    .filter(({ aim }) => aim !== undefined)
    .map((row) => {
      const peer = `${show(row.peer, row.unit)} (${row.peer.cache})`;
      return [what(row), show(row.heddle, row.unit), peer, `${row.ratio} ×`, `≤ ${row.aim} ×`, missedBy(row)];
    });
  const grown = growth.map((g) => {
    const peers = `${g.peers.snapshot} × snapshot, ${g.peers.linear} × linear`;
    return [
      `growth of an endpoint change, ${g.figure}: ${g.what}`,
      "",
      peers,
      `${g.ratio} ×`,
      `≤ ${g.aim} ×`,
      missedBy(g),
    ];
  });
  return markdownTable(["", "Heddle", "better peer", "ratio", "aim", "verdict"], [...judged, ...grown]);
}

/** One table a size of mesh, both protocols side by side. */
export function cellTables(rows: readonly Row[]): string {
  return [...Map.groupBy(rows, ({ sidecars, services }) => `${sidecars} sidecars × ${services} services`)]
    .map(([title, group]) => {
      const lines = [...Map.groupBy(group, what)].map(([name, both]) => [
        name,
        ...(["delta", "sotw"] as const).flatMap((mode) => {
          const row = both.find((r) => r.mode === mode);
          if (!row) return ["", "", "", ""];
          const { snapshot, linear } = row.caches;
          return [...[row.heddle, snapshot, linear].map((m) => show(m, row.unit)), `${row.ratio} ×`];
        }),
      ]);
      const columns = ["Delta", "SotW"].flatMap((mode) =>
        ["Heddle", "snapshot", "linear", "ratio"].map((column) => `${mode}: ${column}`),
      );
      return `### ${title}\n\n${markdownTable(["", ...columns], lines)}`;
    })
    .join("\n\n");
}

function what(row: Row): string {
  return `${row.case}: ${row.figure}`;
}

export function show({ median }: Median, unit: string): string {
  if (Number.isNaN(median)) return "–";
  if (unit === "B" && median >= 10_000) return `${Math.round(median / 1000)} KB`;
  return `${median} ${unit}`;
}

function verdict({ aim, met }: Row): string {
  return aim === undefined ? "" : `aim ${aim} ×: ${met ? "met" : "missed"}`;
}

function missedBy({
  ratio,
  aim = NaN,
  met,
}: {
  readonly ratio: number;
  readonly aim?: number;
  readonly met?: boolean;
}) {
  return met ? "met" : `**missed**, ${(ratio / aim).toPrecision(2)} times the aim`;
}

function markdownTable(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const ruler = head.map((_, i) => (i === 0 ? "---" : "--:"));
  return [row(head), row(ruler), ...lines.map(row)].join("\n");
}
