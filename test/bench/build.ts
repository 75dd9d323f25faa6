/** Builds the load client and the peer from test/bench/go, once a version of their sources, into a cache outside the clone. */
import { spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

export interface BenchTools {
  /** The load client. */
  readonly swarm: string;
  /** The server on go-control-plane. */
  readonly peer: string;
}

const MODULE = join(import.meta.dirname, "go");
const CACHE = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "heddle", "bench");
const ENVIRONMENT = { CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "-trimpath -buildvcs=false" };
/** Milliseconds; the first build compiles Envoy's API. */
const BUILD_LIMIT = 20 * 60_000;

/** @throws Error when Go is missing or does not build them */
export async function buildTools(): Promise<BenchTools> {
  const folder = join(CACHE, fingerprint());
  const tools = { swarm: join(folder, "swarm"), peer: join(folder, "peer") };
  if (existsSync(folder)) return tools;
  process.stderr.write("building the load client and the peer …\n");
  mkdirSync(CACHE, { recursive: true });
  // Renamed into place whole: what a run that died left behind is never taken for a tool.
  const unfinished = join(CACHE, `.${randomUUID()}`);
  try {
    await go(["build", "-o", `${unfinished}/`, "./cmd/..."]);
    // Another run may have been faster: its folder is as good.
    if (!existsSync(folder)) renameSync(unfinished, folder);
  } catch (cause) {
    throw new Error("cannot build the load client and the peer: it takes Go 1.26 and its modules", { cause });
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return tools;
}

/** Changes with everything that decides what is built. */
function fingerprint(): string {
  const hash = createHash("sha256").update(JSON.stringify(ENVIRONMENT));
  for (const file of globSync(["go.mod", "go.sum", "**/*.go"], { cwd: MODULE }).sort()) {
    hash.update(`${file}\0`).update(readFileSync(join(MODULE, file)));
  }
  return hash.digest("hex").slice(0, 12);
}

function go(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn("go", args, {
      cwd: MODULE,
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
