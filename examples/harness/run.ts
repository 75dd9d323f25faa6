/** A system as a demonstration that checks itself: its applications, a control plane, and a stock Envoy beside each pod. */
import { ensureEnvoy } from "../../scripts/envoy.ts";
import { apply } from "./apply.ts";
import { createDemoMesh, type DemoMesh } from "./mesh.ts";
import { aheadOfOthers } from "./priority.ts";
import type { Started } from "./processes.ts";
import { type Check, createReport, type Report } from "./report.ts";

export interface System<Apps extends AsyncDisposable> {
  /** Folder of manifests. A copy of it is served, which the demo may edit. */
  readonly manifests: string;
  /** Manifests that are left out at the start, since the control run is without them. */
  readonly without: readonly string[];
  /** The control plane's addresses. */
  readonly xds: string;
  readonly admin: string;
  /** Sidecars' ids, `<pod>.<namespace>`, and the loopback port of the first one's admin interface; the others' follow. */
  readonly sidecars: readonly string[];
  readonly firstAdminPort: number;
  /** Starts the applications, which know nothing of the mesh. */
  startApps(): Promise<Apps>;
}

export interface Running<Apps> {
  readonly apps: Apps;
  readonly mesh: DemoMesh;
  readonly report: Report;
  readonly sidecars: ReadonlyMap<string, Started>;
  /** The admin interface of a sidecar: the answer to a GET. */
  adminOf(id: string, path: string): Promise<string>;
  /** Saves a manifest that changes something at every sidecar, and waits for their ACKs; milliseconds. */
  apply(file: string, text: string): Promise<number>;
  /** The length of a phase in milliseconds: as long as asked for in a demo, shorter in tests. */
  lasting(ms: number): number;
}

export type Step<Apps> = (running: Running<Apps>) => Promise<void>;

export interface RunOptions {
  /** Factor on the length of phases. */
  readonly pace?: number;
  /** Takes the lines of the report; standard output by default. */
  readonly print?: (line: string) => void;
}

/** Runs the steps one after the other on a system of its own; the rows of the report. What was started ends with it. */
export async function runSystem<Apps extends AsyncDisposable>(
  system: System<Apps>,
  steps: readonly Step<Apps>[],
  { pace = 1, print }: RunOptions = {},
): Promise<readonly Check[]> {
  const { manifests, without, xds, admin, firstAdminPort } = system;
  using _ahead = aheadOfOthers();
  const report = createReport(print);
  const started = performance.now();
  const mesh = createDemoMesh({ manifests, without, envoy: await ensureEnvoy(), xds, admin });
  try {
    await using apps = await system.startApps();
    await mesh.startControlPlane();
    const sidecars = new Map(
      await Promise.all(
        system.sidecars.map(async (id, index) => [id, await mesh.startSidecar(id, firstAdminPort + index)] as const),
      ),
    );
    await mesh.inStep(sidecars.size);
    const running: Running<Apps> = {
      apps,
      mesh,
      report,
      sidecars,
      adminOf: async (id, path) => {
        const port = firstAdminPort + system.sidecars.indexOf(id);
        return (await fetch(`http://127.0.0.1:${port}${path}`)).text();
      },
      apply: (file, text) => apply(mesh, sidecars.size, file, text),
      lasting: (ms) => ms * pace,
    };
    for (const step of steps) await step(running);
  } catch (error) {
    report.row({ what: "the demo runs to its end", expected: "yes", measured: "no", ok: false, reason: textOf(error) });
  } finally {
    await mesh.stop();
  }
  report.finish();
  print?.(`in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  return report.rows;
}

/** The whole life of a demo's process: it ends with 1 where a check failed. */
export async function runDemo<Apps extends AsyncDisposable>(
  system: System<Apps>,
  steps: readonly Step<Apps>[],
): Promise<void> {
  const rows = await runSystem(system, steps, { print: (line) => console.log(line) });
  process.exitCode = rows.length > 0 && rows.every(({ ok }) => ok) ? 0 : 1;
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `\nbecause of ${textOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
