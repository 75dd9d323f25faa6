/** Real Envoys for tests: started with a bootstrap, asked over their admin interface, ended by pid. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureEnvoy } from "../../scripts/envoy.ts";
import { until } from "./until.ts";

export interface RunningEnvoy {
  readonly pid: number;
  /** `http://127.0.0.1:port`, of the admin interface. */
  readonly adminUrl: string;
  /** GETs a path of the admin interface. */
  admin(path: string): Promise<string>;
  /** Statistics whose name matches the filter, by name. */
  stats(filter: string): Promise<Readonly<Record<string, number>>>;
  configDump(): Promise<string>;
  log(): string;
  /** SIGTERM, and SIGKILL when that does not help. */
  stop(): Promise<void>;
  kill(): Promise<void>;
}

export interface EnvoyOptions {
  /** Its admin address, if any, is replaced by a free port of loopback. */
  readonly bootstrap: Readonly<Record<string, unknown>>;
  readonly version?: string;
  /** Command that the Envoy is started through, e.g. `nsenter --net=…`. */
  readonly wrapper?: readonly string[];
  readonly uid?: number;
  /** Wait until it listens; true by default. */
  readonly ready?: boolean;
  readonly args?: readonly string[];
}

const READY_LIMIT = 30_000;
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export async function startEnvoy(options: EnvoyOptions): Promise<RunningEnvoy> {
  const { bootstrap, version, wrapper = [], uid, ready = true, args = [] } = options;
  const binary = await ensureEnvoy(version);
  const folder = mkdtempSync(join(tmpdir(), "heddle-envoy-"));
  const config = join(folder, "bootstrap.json");
  const addressFile = join(folder, "admin");
  const logFile = join(folder, "log");
  const admin = { address: { socket_address: { address: "127.0.0.1", port_value: 0 } } };
  writeFileSync(config, JSON.stringify({ ...bootstrap, admin }));
  if (uid !== undefined) spawnSync("chown", ["-R", String(uid), folder]);
  const command = [
    ...wrapper,
    ...(uid === undefined ? [] : ["setpriv", "--reuid", String(uid), "--regid", String(uid), "--clear-groups"]),
    binary,
    "-c",
    config,
    "--admin-address-path",
    addressFile,
    "--log-path",
    logFile,
    "--concurrency",
    "1",
    "--disable-hot-restart",
    "-l",
    "info",
    ...args,
  ];
  const child = spawn(command[0]!, command.slice(1), { stdio: "ignore" });
  running.add(child);
  let spawnError: Error | undefined;
  child.once("error", (error) => (spawnError = error));
  const gone = new Promise<void>((resolve) => child.once("close", () => resolve())).then(
    () => void running.delete(child),
  );
  const log = (): string => {
    try {
      return readFileSync(logFile, "utf8");
    } catch {
      return "";
    }
  };
  const ended = (): boolean => spawnError !== undefined || child.exitCode !== null || child.signalCode !== null;
  const end = async (signal: "SIGTERM" | "SIGKILL"): Promise<void> => {
    child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), 3000);
    await gone;
    clearTimeout(timer);
    rmSync(folder, { recursive: true, force: true });
  };
  const get = (path: string): Promise<string> => fetchText(`http://${address}${path}`, wrapper);
  let address: string;
  try {
    // `until` forgets what its probe throws, so that an Envoy that has ended is told by the empty address.
    address = await until("Envoy's admin interface", READY_LIMIT, () =>
      ended() ? "" : readFileSync(addressFile, "utf8") || undefined,
    );
    if (address === "") throw new Error(`Envoy ended: ${log().slice(-2000)}`, { cause: spawnError });
    if (ready) await until("Envoy is ready", READY_LIMIT, async () => (await get("/ready")).startsWith("LIVE"));
  } catch (error) {
    // No one else can stop what was never handed out.
    await end("SIGKILL");
    throw error;
  }
  return {
    pid: child.pid!,
    adminUrl: `http://${address}`,
    admin: get,
    async stats(filter) {
      const lines = (await get(`/stats?filter=${encodeURIComponent(filter)}`)).trim().split("\n");
      return Object.fromEntries(
        lines.flatMap((line) => {
          const [, name, value] = /^(.*): (\d+)$/.exec(line) ?? [];
          return name === undefined ? [] : [[name, Number(value)]];
        }),
      );
    },
    configDump: () => get("/config_dump?include_eds"),
    log,
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
  };
}

/** GETs a page, from inside a network namespace where a wrapper leads into one. */
function fetchText(url: string, wrapper: readonly string[]): Promise<string> {
  if (wrapper.length > 0) {
    const script = `fetch(${JSON.stringify(url)}).then((r) => r.text()).then((t) => process.stdout.write(t))`;
    const ran = spawnSync(wrapper[0]!, [...wrapper.slice(1), process.execPath, "-e", script], { timeout: 10_000 });
    if (ran.status !== 0) throw new Error(ran.stderr.toString());
    return Promise.resolve(ran.stdout.toString());
  }
  return new Promise((resolve, reject) => {
    const call = request(url, { timeout: 10_000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => resolve(Buffer.concat(chunks).toString()));
    });
    call.on("timeout", () => call.destroy(new Error("timed out")));
    call.on("error", reject);
    call.end();
  });
}

/** What Envoy says of a bootstrap in `--mode validate`; undefined when it accepts it. */
export async function validateBootstrap(
  bootstrap: Readonly<Record<string, unknown>>,
  version?: string,
): Promise<string | undefined> {
  const binary = await ensureEnvoy(version);
  const folder = mkdtempSync(join(tmpdir(), "heddle-validate-"));
  const file = join(folder, "bootstrap.json");
  writeFileSync(file, JSON.stringify(bootstrap));
  const ran = spawnSync(binary, ["--mode", "validate", "-c", file, "-l", "error"], {
    timeout: 60_000,
    encoding: "utf8",
  });
  rmSync(folder, { recursive: true, force: true });
  return ran.status === 0 ? undefined : `${ran.stdout}${ran.stderr}`.trim() || `exit ${ran.status}`;
}
