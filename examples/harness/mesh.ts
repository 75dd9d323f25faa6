/** A control plane and sidecars as real processes, for demos: what a user would start by hand. */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { bootstrap } from "../../src/translate/bootstrap.ts";
import { createProcesses, logTail, type Started } from "./processes.ts";
import { until } from "./wait.ts";

const cli = resolve(import.meta.dirname, "../../src/cli/main.ts");

export interface MeshOptions {
  /** Folder whose manifests are copied, so that the demo can edit them. */
  readonly manifests: string;
  /** Files that are not copied. */
  readonly without?: readonly string[];
  readonly envoy: string;
  readonly xds: string;
  readonly admin: string;
}

/** What `/debug/proxies` says of one proxy, as far as demos need it. */
export interface ProxyView {
  readonly id: string;
  readonly types: readonly {
    readonly type: string;
    readonly state: string;
    readonly wanted: string;
    readonly acked: string;
  }[];
}

export interface DemoMesh {
  readonly folder: string;
  startControlPlane(): Promise<Started>;
  /** Starts the sidecar of a pod and waits until it listens; returns how to stop it. */
  startSidecar(id: string, adminPort: number): Promise<Started>;
  /** Replaces a manifest as an editor would: written beside and renamed over. */
  write(file: string, text: string): void;
  proxies(): Promise<readonly ProxyView[]>;
  /** Waits until every one of `count` proxies is in step with the control plane. */
  inStep(count: number, limit?: number): Promise<void>;
  metrics(): Promise<string>;
  stop(): Promise<void>;
}

/** Prepares a mesh in a temporary folder; nothing runs yet. */
export function createDemoMesh({ manifests, without = [], envoy, xds, admin }: MeshOptions): DemoMesh {
  const work = mkdtempSync(join(tmpdir(), "heddle-demo-"));
  const folder = join(work, "manifests");
  mkdirSync(folder);
  for (const file of readdirSync(manifests)) {
    if (!without.includes(file)) copyFileSync(join(manifests, file), join(folder, file));
  }
  const processes = createProcesses(work);
  const heddle = (...args: string[]): string[] => ["--disable-warning=ExperimentalWarning", cli, ...args];

  async function proxies(): Promise<readonly ProxyView[]> {
    const response = await fetch(`http://${admin}/debug/proxies`);
    const body = (await response.json()) as { proxies: readonly ProxyView[] };
    return body.proxies;
  }

  return {
    folder,
    proxies,
    async startControlPlane() {
      const args = ["serve", "--source", `dir:${folder}`, "--xds-address", xds, "--admin-address", admin];
      const started = processes.start("control-plane", process.execPath, heddle(...args));
      await until("the control plane is ready", 15_000, async () => {
        if (started.ended) throw new Error(logTail(started));
        return (await fetch(`http://${admin}/readyz`)).ok;
      });
      return started;
    },
    async startSidecar(id, adminPort) {
      const adminAddress = `127.0.0.1:${adminPort}`;
      const file = join(work, `${id}.json`);
      const text = bootstrap({ proxy: id, xds: hostPort(xds), admin: hostPort(adminAddress) });
      writeFileSync(file, JSON.stringify(text));
      const started = processes.start(id, envoy, [
        "-c",
        file,
        "--concurrency",
        "1",
        "--disable-hot-restart",
        "-l",
        "warn",
      ]);
      await until(`sidecar ${id} is ready`, 15_000, async () => {
        if (started.ended) throw new Error(logTail(started));
        return (await fetch(`http://${adminAddress}/ready`)).ok;
      });
      return started;
    },
    write(file, text) {
      const beside = join(work, file);
      writeFileSync(beside, text);
      renameSync(beside, join(folder, file));
    },
    async inStep(count, limit = 10_000) {
      await until(`${count} sidecars are in step`, limit, async () => {
        const all = await proxies();
        const synced = all.filter(({ types }) => types.length > 0 && types.every(({ state }) => state === "SYNCED"));
        return all.length === count && synced.length === count;
      });
    },
    metrics: async () => (await fetch(`http://${admin}/metrics`)).text(),
    stop: () => processes.stopAll(),
  };
}

function hostPort(text: string): { host: string; port: number } {
  const [host = "", port = ""] = text.split(":");
  return { host, port: Number(port) };
}
