/**
 * Where Heddle's time goes: CPU profiles of a cold start, of endpoint changes and of route changes, by function and by file, on the
 * screen; the whole profiles as `heddle-*.cpuprofile` in the folder for temporary files. `profile.ts [sidecars] [services]
 * [delta|sotw]`.
 */
import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { buildTools } from "./build.ts";
import { bundleHeddle } from "./bundle.ts";
import type { Cell } from "./cells.ts";
import { startLoad } from "./load.ts";
import { startHeddle } from "./servers.ts";

interface Profile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: Frame; readonly children?: readonly number[] }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface Frame {
  readonly functionName: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
  readonly url: string;
}

const TOP = 25;
/** Milliseconds of next to no work after which a change counts as over; the profiler itself takes a few percent of a core. */
const QUIET = 1000;
const IDLE_SHARE = 0.2;

const [sidecars = "1000", services = "1000", mode = "delta"] = process.argv.slice(2);
const cell: Cell = { sidecars: Number(sidecars), services: Number(services), mode: mode === "sotw" ? "sotw" : "delta" };
const { swarm } = await buildTools();
const bundle = await bundleHeddle();
const sources = sourceMapOf(bundle);
const server = await startHeddle(cell, bundle);
try {
  await fetch(server.profileUrl);
  const load = startLoad({ swarm, server }, cell, ["-hold=30m"]);
  await once(createInterface(load.stdout), "line");
  show("cold-start", await nextProfile());
  for (const kind of ["endpoint", "route"] as const) {
    for (let i = 0; i < 3; i++) {
      await fetch(server.mutateUrl(kind), { method: "POST" });
      await quiet();
    }
    show(`${kind}-changes`, await nextProfile());
  }
  load.kill("SIGKILL");
} finally {
  await server.stop();
  rmSync(dirname(bundle), { recursive: true, force: true });
}

async function nextProfile(): Promise<Profile> {
  return (await (await fetch(server.profileUrl)).json()) as Profile;
}

/** Resolves when the server has used next to no CPU for a while. */
async function quiet(): Promise<void> {
  for (let before = -1; ;) {
    await new Promise((resolve) => setTimeout(resolve, QUIET));
    const { cpu } = (await (await fetch(server.gcUrl.replace("?gc=1", ""))).json()) as { cpu: number };
    if (before >= 0 && cpu - before < (QUIET / 1000) * IDLE_SHARE) return;
    before = cpu;
  }
}

function show(name: string, profile: Profile): void {
  const file = join(tmpdir(), `heddle-${name}.cpuprofile`);
  writeFileSync(file, JSON.stringify(profile));
  const own = new Map<number, number>();
  profile.samples.forEach((id, i) => own.set(id, (own.get(id) ?? 0) + (profile.timeDeltas[i] ?? 0)));
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const self = new Map<string, number>();
  const whole = new Map<string, number>();
  const files = new Map<string, number>();
  const walk = (id: number, above: ReadonlySet<string>, caller: string): number => {
    const node = byId.get(id)!;
    const label = labelOf(node.callFrame);
    const file = / {2}(src\/[^:]*)/.exec(label)?.[1] ?? (label.startsWith("(") ? label : caller);
    const within = new Set(above).add(label);
    const mine = own.get(id) ?? 0;
    const all = (node.children ?? []).reduce((sum, child) => sum + walk(child, within, file), mine);
    self.set(label, (self.get(label) ?? 0) + mine);
    files.set(file, (files.get(file) ?? 0) + mine);
    // Recursion counts once.
    if (!above.has(label)) whole.set(label, (whole.get(label) ?? 0) + all);
    return all;
  };
  const total = walk(profile.nodes[0]!.id, new Set(), "neither") - (self.get("(idle)") ?? 0);
  console.log(`\n${name}: ${(total / 1e6).toFixed(2)} s busy, ${file}`);
  for (const [title, times] of [
    ["self", self],
    ["with what it calls", whole],
    ["by file of src, with what it calls outside of src", files],
  ] as const) {
    console.log(`  ${title}`);
    const top = [...times].filter(([label]) => !/^\((idle|root)\)/.test(label)).sort(([, a], [, b]) => b - a);
    for (const [label, time] of top.slice(0, TOP))
      console.log(
        `  ${((time / total) * 100).toFixed(1).padStart(6)} %  ${(time / 1e3).toFixed(0).padStart(7)} ms  ${label}`,
      );
  }
}

/** With the place in the sources. */
function labelOf({ functionName, lineNumber, columnNumber, url }: Frame): string {
  const name = functionName || "(anonymous)";
  if (url === "") return name;
  if (!url.startsWith("file:")) return `${name}  ${url}`;
  const { originalSource, originalLine } = sources.findEntry(lineNumber, columnNumber) as Partial<{
    originalSource: string;
    originalLine: number;
  }>;
  const file = originalSource?.replace(/^.*?(src|node_modules|test)\//, "$1/") ?? url;
  return `${name}  ${file}:${(originalLine ?? lineNumber) + 1}`;
}

/** esbuild puts it at the end of the bundle. */
function sourceMapOf(path: string): SourceMap {
  const text = readFileSync(path, "utf8");
  const encoded = text.slice(text.lastIndexOf("base64,") + "base64,".length).trim();
  return new SourceMap(JSON.parse(Buffer.from(encoded, "base64").toString()));
}
