/** The CRDs of the Gateway API, standard channel, out of its Go module: fetched once, checked by its hash, kept in a cache outside the clone. */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";

const MODULE = "sigs.k8s.io/gateway-api";
const VERSION = "v1.6.3";
/** As `go.sum` has it. */
const SUM = "h1:lKpJa5bGlraC/QeACvCpsHLdmO6y0iKfzVl6gzaFEYc=";
/** The kinds that Heddle reads. */
const CRDS = ["httproutes", "grpcroutes", "referencegrants"].map((kind) => `gateway.networking.k8s.io_${kind}.yaml`);

const CACHE = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "heddle", "gateway-api");
/** In milliseconds. */
const LIMIT = 300_000;

/**
 * A folder with the CRDs, for `kubectl apply --filename`.
 *
 * @throws Error that says what is missing, or that the module is not the one that it should be
 */
export function ensureGatewayApi(): string {
  const folder = join(CACHE, VERSION);
  if (existsSync(folder)) return folder;
  const source = join(download(), "config", "crd", "standard");
  mkdirSync(dirname(folder), { recursive: true });
  // Renamed into place whole: what a run that died left behind is never taken for it.
  const unfinished = mkdtempSync(`${folder}-`);
  for (const file of CRDS) copyFileSync(join(source, file), join(unfinished, file));
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/** The module's folder. Go checks what it fetches against its own database of hashes too. */
function download(): string {
  let answer: { readonly Dir?: string; readonly Sum?: string };
  try {
    // Outside of any module, so that nobody's go.mod is asked or changed.
    const text = execFileSync("go", ["mod", "download", "-json", `${MODULE}@${VERSION}`], {
      cwd: tmpdir(),
      encoding: "utf8",
      env: { ...process.env, GOWORK: "off", GOFLAGS: "-mod=mod" },
      timeout: LIMIT,
      stdio: ["ignore", "pipe", "pipe"],
    });
    answer = JSON.parse(text) as typeof answer;
  } catch (error) {
    throw new Error(`cannot fetch ${MODULE} ${VERSION}: it takes Go and its module proxy`, { cause: error });
  }
  if (answer.Sum !== SUM || answer.Dir === undefined) {
    throw new Error(`${MODULE} ${VERSION} has the hash ${answer.Sum}; it should be ${SUM}`);
  }
  return answer.Dir;
}

if (import.meta.main) console.log(ensureGatewayApi());
