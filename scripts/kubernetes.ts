/**
 * Finds or builds the parts of a real Kubernetes: from `KUBEBUILDER_ASSETS`, as envtest has it, or from Go modules, kept in a cache
 * outside the clone. The first build takes a quarter of an hour on two cores; Go's own caches make later ones seconds.
 */
import { spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { accessSync, constants, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { lockFile } from "../test/support/kubernetes/lock-file.ts";

interface Source {
  /** Folder of the Go module that pins the version, in test/support/kubernetes/go. */
  readonly module: string;
  readonly package: string;
}

const KUBERNETES_VERSION = "v1.37.2";

/** In the order of building: what the most tests wait for comes first. */
const SOURCES = {
  etcd: { module: "etcd", package: "go.etcd.io/etcd/server/v3" },
  "kube-apiserver": { module: "kubernetes", package: "k8s.io/kubernetes/cmd/kube-apiserver" },
  kubectl: { module: "kubernetes", package: "k8s.io/kubernetes/cmd/kubectl" },
  helm: { module: "helm", package: "helm.sh/helm/v4/cmd/helm" },
  "kube-controller-manager": { module: "kubernetes", package: "k8s.io/kubernetes/cmd/kube-controller-manager" },
  kubelet: { module: "kubernetes", package: "k8s.io/kubernetes/cmd/kubelet" },
  "kube-scheduler": { module: "kubernetes", package: "k8s.io/kubernetes/cmd/kube-scheduler" },
  "kube-proxy": { module: "kubernetes", package: "k8s.io/kubernetes/cmd/kube-proxy" },
  coredns: { module: "coredns", package: "github.com/coredns/coredns" },
  pause: { module: "pause", package: "." },
} as const satisfies Record<string, Source>;

export type Part = keyof typeof SOURCES;

export const ALL_PARTS = Object.keys(SOURCES) as readonly Part[];
/** What a cluster without nodes takes: enough for everything that only talks to the API server. */
export const API_PARTS = ["etcd", "kube-apiserver", "kubectl", "helm"] as const satisfies readonly Part[];

const MODULES = join(import.meta.dirname, "..", "test", "support", "kubernetes", "go");
const CACHE = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "heddle", "kubernetes");
const LDFLAGS = `-X k8s.io/component-base/version.gitVersion=${KUBERNETES_VERSION} -s -w`;
const ENVIRONMENT = { CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "-trimpath -buildvcs=false" };
/** One part may take this long to build, and so may the wait for another run that builds; in milliseconds. */
const BUILD_LIMIT = 30 * 60_000;
const LOCK_LIMIT = 45 * 60_000;

/**
 * A folder that holds the parts as executables: `KUBEBUILDER_ASSETS` where that has them all, else the cache.
 *
 * @throws Error that says which part is missing, and why
 */
export async function ensureKubernetes(parts: readonly Part[]): Promise<string> {
  const assets = process.env["KUBEBUILDER_ASSETS"];
  if (assets && parts.every((part) => executable(join(assets, part)))) return assets;

  const folder = join(CACHE, `${KUBERNETES_VERSION}-${fingerprint()}`, "bin");
  const absent = (): readonly Part[] => ALL_PARTS.filter((p) => parts.includes(p) && !existsSync(join(folder, p)));
  if (absent().length === 0) return folder;
  mkdirSync(folder, { recursive: true });
  const release = await lockFile(join(CACHE, "lock"), LOCK_LIMIT);
  try {
    for (const part of absent()) await build(part, folder);
  } finally {
    release();
  }
  return folder;
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Changes with everything that decides what is built. */
function fingerprint(): string {
  const hash = createHash("sha256").update(JSON.stringify([SOURCES, LDFLAGS, ENVIRONMENT]));
  for (const name of new Set(Object.values(SOURCES).map(({ module }) => module))) {
    for (const file of ["go.mod", "go.sum", "main.go"]) {
      const path = join(MODULES, name, file);
      if (existsSync(path)) hash.update(readFileSync(path));
    }
  }
  return hash.digest("hex").slice(0, 12);
}

async function build(part: Part, folder: string): Promise<void> {
  const start = performance.now();
  const { module, package: main } = SOURCES[part];
  // Renamed into place whole: what a run that died left behind is never taken for a part.
  const unfinished = join(folder, `.${part}-${randomUUID()}`);
  try {
    await go(["build", "-ldflags", LDFLAGS, "-o", unfinished, main], join(MODULES, module));
    renameSync(unfinished, join(folder, part));
  } catch (error) {
    const hint =
      "it takes Go and its modules; or set KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver and kubectl";
    throw new Error(`cannot build ${part}: ${hint}`, { cause: error });
  } finally {
    rmSync(unfinished, { force: true });
  }
  process.stderr.write(`built ${part} in ${((performance.now() - start) / 1000).toFixed(0)} s\n`);
}

function go(args: readonly string[], cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn("go", args, {
      cwd,
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, ...ENVIRONMENT },
      timeout: BUILD_LIMIT,
      killSignal: "SIGKILL",
    });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said = `${said}${text}`.slice(-4000)));
    child.once("error", reject);
    child.once("close", (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`go ${args.join(" ")} ended with ${signal ?? code}: ${said}`));
    });
  });
}

if (import.meta.main) {
  const wanted = process.argv.slice(2);
  const unknown = wanted.filter((part) => !(part in SOURCES));
  if (unknown.length > 0) throw new Error(`there is no part ${unknown.join(", ")}; there are ${ALL_PARTS.join(", ")}`);
  console.log(await ensureKubernetes(wanted.length > 0 ? (wanted as Part[]) : ALL_PARTS));
}
