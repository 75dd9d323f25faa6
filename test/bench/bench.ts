/**
 * Measures Heddle and go-control-plane under the same load, in turn, and writes docs/performance.*; about half an hour.
 * `bench.ts [--quick] [--large] [--scoped] [--scopes] [--rounds=N] [--cell=delta:1000x1000 …] [--server=heddle …]`: quick takes under two minutes; quick, the
 * large cluster, the scopes (--scoped: changes, --scopes: real Envoys), some cells or some servers alone write nothing. Linux with two cores and Go.
 */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { buildTools } from "./build.ts";
import { bundleHeddle } from "./bundle.ts";
import {
  type Cell,
  cellName,
  FULL,
  LARGE,
  LARGEST,
  CHANGES,
  parseCell,
  type Plan,
  QUICK,
  SCOPED,
  type ServerKind,
  SERVERS,
} from "./cells.ts";
import { thisMachine, writeDocuments } from "./document.ts";
import { growthOf, limitsOf, medianOf, rowsOf, type Samples, scopedOf } from "./figures.ts";
import { LOAD_CORE, measure, type Sample } from "./load.ts";
import { measureScopes } from "./scopes.ts";
import { startServer } from "./servers.ts";
import { growthLines, limitLines, scopedLines, scopeLines, screenTable } from "./text.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    large: { type: "boolean", default: false },
    scoped: { type: "boolean", default: false },
    scopes: { type: "boolean", default: false },
    rounds: { type: "string" },
    cell: { type: "string", multiple: true },
    server: { type: "string", multiple: true },
  },
});
const { cell: chosen, server: only } = values;
const servers = SERVERS.filter((kind) => !only || only.includes(kind));
const base = values.quick ? QUICK : FULL;
const plan: Plan = {
  ...base,
  ...((values.large || values.scopes) && { cells: [] }),
  ...(values.scoped && { cells: [LARGEST] }),
  ...(chosen && { cells: chosen.map(parseCell) }),
  ...(values.rounds !== undefined && { rounds: () => Number(values.rounds) }),
};
const whole = !values.quick && !values.large && !values.scoped && !values.scopes && !chosen && !only;
if (values.rounds !== undefined && !(Number(values.rounds) >= 1)) throw new Error("nothing is to be measured");
if (servers.length === 0) throw new Error("nothing is to be measured");
if (availableParallelism() < 2) throw new Error("server and load client need a core each");
// This process holds the API server that Heddle follows: it must not be on the core of the servers.
const pinned = spawnSync("taskset", ["-cp", LOAD_CORE, String(process.pid)], { stdio: "ignore" });
if (pinned.status !== 0) throw new Error("taskset is needed (Debian package util-linux)");

const { swarm, peer } = await buildTools();
const heddle = await bundleHeddle();
try {
  const samples = await run(plan);
  const rows = rowsOf(plan.cells, samples);
  const growth = growthOf(rows);
  const foreign = medianOf([...samples.values()].flatMap((of) => SERVERS.flatMap((kind) => of[kind].flatMap(others))));
  const machine = thisMachine({ median: foreign.median, max: foreign.max });
  const noise = rows.length > 0 ? `Other processes: ${foreign.median} cores (${foreign.max} at most)` : "";
  console.log([screenTable(rows), growthLines(growth), noise].filter((part) => part !== "").join("\n\n"));
  const scoped = whole || values.scoped ? scopedOf(await alone(SCOPED, plan.rounds(SCOPED)), rows) : [];
  if (scoped.length > 0) console.log(`\n${cellName(SCOPED)}\n${scopedLines(scoped)}`);
  const scopes = whole || values.scopes ? await measureScopes(heddle, plan.rounds(LARGEST)) : [];
  if (scopes.length > 0) console.log(`\n${scopeLines(scopes)}`);
  // Before the large cluster: should that fail, an hour's figures are not lost.
  if (whole) await writeDocuments({ machine, rows, growth, scoped, scopes, limits: [] });
  if (whole || values.large) {
    const limits = limitsOf(await alone(LARGE, values.rounds === undefined ? 2 : plan.rounds(LARGE)));
    console.log(`\n${limitLines(limits)}`);
    if (whole) await writeDocuments({ machine, rows, growth, scoped, scopes, limits });
  }
} finally {
  rmSync(dirname(heddle), { recursive: true, force: true });
}

async function run({ cells, rounds: roundsOf, changes }: Plan): Promise<Samples> {
  const samples = new Map(cells.map((cell) => [cellName(cell), emptySamples()]));
  for (const cell of cells) {
    const rounds = roundsOf(cell);
    for (let round = 1; round <= rounds; round++) {
      for (const kind of servers) {
        process.stderr.write(`${cellName(cell)}: ${kind}, round ${round} of ${rounds}\n`);
        const measured = (): Promise<Sample> => sample(kind, cell, changes(cell));
        // A peer that drops streams on a busy machine is given a second try; Heddle is not.
        const again = (error: unknown): Promise<Sample> => {
          console.error(error);
          return measured();
        };
        samples.get(cellName(cell))![kind].push(await (kind === "heddle" ? measured() : measured().catch(again)));
      }
    }
  }
  return samples;
}

/** Heddle without the peer. */
async function alone(cell: Cell, rounds: number): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (let round = 1; round <= rounds; round++) {
    process.stderr.write(`${cellName(cell)}: heddle, round ${round} of ${rounds}\n`);
    samples.push(await sample("heddle", cell, CHANGES));
  }
  return samples;
}

async function sample(kind: ServerKind, cell: Cell, changes: { warmup: number; measured: number }): Promise<Sample> {
  const server = await startServer(kind, cell, { heddle, peer });
  try {
    return await measure({ swarm, server }, cell, changes);
  } finally {
    await server.stop();
  }
}

function emptySamples(): Record<ServerKind, Sample[]> {
  return { heddle: [], snapshot: [], linear: [] };
}

function others({ foreign = [] }: Sample): readonly number[] {
  return foreign;
}
