/** `helm template` of the charts, and the cases that are compared with what it gave before. */
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { parseAllDocuments } from "yaml";
import { ensureKubernetes } from "../../scripts/kubernetes.ts";

export const CHARTS = resolve(import.meta.dirname, "../../charts");
export const NAMESPACE = "heddle-system";

const GOLDEN_FOLDER = resolve(import.meta.dirname, "../golden/chart");
const LIMIT = 60_000;

export interface ChartCase {
  readonly name: string;
  readonly values: string;
  readonly golden: string;
}

export function chartCases(): readonly ChartCase[] {
  return globSync(join(GOLDEN_FOLDER, "*/values.yaml"))
    .toSorted()
    .map((values) => ({ name: basename(dirname(values)), values, golden: join(dirname(values), "out.yaml") }));
}

/** A manifest, as far as tests look into it. */
export interface Rendered {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: unknown;
}

export interface Helm {
  /** @param args such as `--values` and a file */
  template(
    chart: string,
    args?: readonly string[],
    release?: string,
  ): { readonly output: string; readonly errors: string };
}

/** Helm is built when it is not there, which takes minutes. */
export async function findHelm(): Promise<Helm> {
  const helm = join(await ensureKubernetes(["helm"]), "helm");
  return {
    template(chart, args = [], release = "heddle") {
      const home = mkdtempSync(join(tmpdir(), "heddle-helm-"));
      try {
        const ran = spawnSync(helm, ["template", release, join(CHARTS, chart), "--namespace", NAMESPACE, ...args], {
          encoding: "utf8",
          timeout: LIMIT,
          env: { ...process.env, HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home },
        });
        if (ran.error) throw ran.error;
        return { output: ran.stdout, errors: ran.stderr };
      } finally {
        rmSync(home, { recursive: true, force: true });
      }
    },
  };
}

export function objectsOf(output: string): readonly Rendered[] {
  return parseAllDocuments(output)
    .map((document) => document.toJS() as Rendered | null)
    .filter((object) => object !== null);
}

export function read(file: string): string {
  return readFileSync(file, "utf8");
}
