/** The image that is made without Docker: well-formed, the same every time, and its parts run. */
import { createHash } from "node:crypto";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildImage } from "../../scripts/image.ts";
import { fileLayer, writeImage } from "../../scripts/image-archive.ts";

const root = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "heddle-image-test-"));
let image: string;

interface Manifest {
  readonly Config: string;
  readonly RepoTags: readonly string[];
  readonly Layers: readonly string[];
}

interface Config {
  readonly config: { readonly Entrypoint: readonly string[]; readonly User: string };
  readonly rootfs: { readonly diff_ids: readonly string[] };
}

beforeAll(async () => {
  image = await buildImage({ name: "heddle:test", out: join(folder, "heddle.tar") });
  execFileSync("tar", ["-xf", image, "-C", folder]);
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function read<T>(file: string): T {
  return JSON.parse(readFileSync(join(folder, file), "utf8")) as T;
}

describe("the archive", () => {
  test("names its layers by what is in them", () => {
    const [{ Config: file, RepoTags, Layers } = { Config: "", RepoTags: [], Layers: [] }] =
      read<readonly Manifest[]>("manifest.json");
    expect(RepoTags).toEqual(["heddle:test"]);
    const config = read<Config>(file);
    const digests = Layers.map((layer) =>
      createHash("sha256")
        .update(readFileSync(join(folder, layer)))
        .digest("hex"),
    );
    expect(config.rootfs.diff_ids).toEqual(digests.map((digest) => `sha256:${digest}`));
    expect(Layers).toEqual(digests.map((digest) => `${digest}.tar`));
    expect(config.config).toMatchObject({ Entrypoint: ["node", "/app/heddle.mjs"], User: "65532:65532" });
  });

  test("is the same for the same files", async () => {
    const make = async (name: string): Promise<Buffer> => {
      const layer = await fileLayer(
        { "/a/b.txt": { text: "b" }, "/c.sh": { text: "c", mode: 0o755 } },
        join(folder, name),
      );
      const out = join(folder, `${name}.image`);
      await writeImage({ name: "x:1", layers: [layer], entrypoint: ["/c.sh"] }, out);
      return readFileSync(out);
    };
    expect((await make("one.tar")).equals(await make("two.tar"))).toBe(true);
  });
});

describe.runIf(process.getuid?.() === 0)("in the image's own root", () => {
  const inside = join(folder, "root");

  beforeAll(() => {
    mkdirSync(inside);
    for (const layer of read<readonly Manifest[]>("manifest.json")[0]!.Layers) {
      execFileSync("tar", ["-xf", join(folder, layer), "-C", inside]);
    }
  });

  test.each([
    [["/usr/local/bin/node", "/app/heddle.mjs", "version"], /^heddle: \d/],
    [["/bin/sh", "-ec", 'printf "%s" "$0"', "said"], /^said$/],
    [["/usr/sbin/iptables-restore", "--version"], /iptables-restore v.* \(nf_tables\)/],
    [["/usr/sbin/ip6tables-restore", "--version"], /ip6tables-restore v/],
  ])("%j runs", (command, output) => {
    const ran = spawnSync("chroot", [inside, ...command], { encoding: "utf8", timeout: 60_000 });
    expect([ran.status, ran.stdout + ran.stderr]).toEqual([0, expect.stringMatching(output)]);
  });
});

test("the Dockerfile starts the same program as the same user", () => {
  const text = readFileSync(join(root, "Dockerfile"), "utf8");
  expect(text).toContain('ENTRYPOINT ["node", "/app/heddle.mjs"]');
  expect(text).toContain("USER 65532:65532");
  expect(text).toMatch(/apt-get install .* iptables/);
});
