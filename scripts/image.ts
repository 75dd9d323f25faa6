/**
 * `make image`: the image that the Dockerfile describes, built without Docker as `dist/heddle-image.tar`. Its root file system is
 * unpacked from Debian packages, with Node from its npm package.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileLayer, tarFolder, writeImage } from "./image-archive.ts";

const root = resolve(import.meta.dirname, "..");
const CACHE = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "heddle", "image");
const NODE = join(root, "node_modules/node/bin/node");

/** What Node, a shell and `iptables-restore` need, and nothing more. */
const PACKAGES = [
  "dash",
  "iptables",
  "libc6",
  "libgcc-s1",
  "libip4tc2",
  "libip6tc2",
  "libmnl0",
  "libnetfilter-conntrack3",
  "libnfnetlink0",
  "libnftnl11",
  "libstdc++6",
  "libxtables12",
  "netbase",
];
/** Names that the packages' scripts would make. */
const LINKS = {
  "iptables-restore": "xtables-nft-multi",
  "ip6tables-restore": "xtables-nft-multi",
  iptables: "xtables-nft-multi",
};
/** What nobody reads in a container. */
const LEFT_OUT = ["usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/lintian", "usr/share/bug"];
const USERS = "root:x:0:0:root:/root:/sbin/nologin\nheddle:x:65532:65532:heddle:/:/sbin/nologin\n";
const GROUPS = "root:x:0:\nheddle:x:65532:\n";
const LIMIT = 300_000;

/** The tar file of the layer below the program: Debian's packages and Node. Made once for every set of their versions. */
export async function baseLayer(): Promise<string> {
  const debs = downloadPackages();
  const key = createHash("sha256")
    .update(debs.map((file) => file.split("/").at(-1)).join("\n"))
    .update(readFileSync(NODE))
    .digest("hex");
  const layer = join(CACHE, `base-${key.slice(0, 16)}.tar`);
  if (existsSync(layer)) return layer;
  const work = mkdtempSync(join(tmpdir(), "heddle-root-"));
  try {
    for (const deb of debs) execFileSync("dpkg-deb", ["-x", deb, work], { timeout: LIMIT });
    for (const path of LEFT_OUT) rmSync(join(work, path), { recursive: true, force: true });
    for (const [name, target] of Object.entries(LINKS)) {
      rmSync(join(work, "usr/sbin", name), { force: true });
      symlinkSync(target, join(work, "usr/sbin", name));
    }
    mkdirSync(join(work, "usr/local/bin"), { recursive: true });
    await copyFile(NODE, join(work, "usr/local/bin/node"));
    chmodSync(join(work, "usr/local/bin/node"), 0o755);
    mkdirSync(join(work, "tmp"), { recursive: true });
    chmodSync(work, 0o755);
    chmodSync(join(work, "tmp"), 0o1777);
    tarFolder(work, layer);
    return layer;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Debian's packages, fetched once; where they cannot be fetched, those that were fetched before. */
function downloadPackages(): readonly string[] {
  const folder = join(CACHE, "debs");
  mkdirSync(folder, { recursive: true });
  const found = (): string[] => globSync(join(folder, "*.deb")).sort();
  const missing = PACKAGES.filter((name) => !found().some((file) => file.includes(`/${name}_`)));
  if (missing.length > 0) {
    console.log(`fetching ${missing.length} Debian packages …`);
    const options = { cwd: folder, timeout: LIMIT, stdio: ["ignore", "ignore", "pipe"] as const };
    try {
      execFileSync("apt-get", ["download", "-qq", ...missing], { ...options, stdio: "ignore" });
    } catch {
      execFileSync("apt-get", ["update", "-qq"], { ...options, stdio: "ignore" });
      execFileSync("apt-get", ["download", "-qq", ...missing], { ...options, stdio: "ignore" });
    }
  }
  return found();
}

export interface BuildOptions {
  readonly name?: string;
  readonly out?: string;
}

/** Bundles the program and writes its image. @returns the file */
export async function buildImage({
  name = `heddle:${version()}`,
  out = join(root, "dist/heddle-image.tar"),
}: BuildOptions = {}): Promise<string> {
  execFileSync(process.execPath, [join(root, "scripts/build.ts")], {
    cwd: root,
    timeout: LIMIT,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const work = mkdtempSync(join(tmpdir(), "heddle-app-"));
  try {
    const files = {
      "/app/heddle.mjs": { from: join(root, "dist/heddle.mjs"), mode: 0o755 },
      "/etc/passwd": { text: USERS },
      "/etc/group": { text: GROUPS },
    };
    const app = await fileLayer(files, join(work, "app.tar"));
    const layers = [await baseLayer(), app];
    const entrypoint = ["node", "/app/heddle.mjs"];
    const env = { NODE_ENV: "production" };
    return await writeImage({ name, layers, entrypoint, env, user: "65532:65532", workdir: "/app" }, out);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function version(): string {
  const { version: text } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  return text;
}

if (import.meta.main) {
  const file = await buildImage();
  console.log(`${file}: heddle:${version()}, to be loaded by docker load or ctr images import`);
}
