import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { formatDiagnostic } from "../../src/base/diagnostic.ts";
import { loadDirectory } from "../../src/source/directory/load.ts";
import { temporaryFolder } from "../support/temp-folder.ts";

const service = (name: string): string => `apiVersion: v1\nkind: Service\nmetadata: { name: ${name} }\n`;

async function load(
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<{ names: string[]; lines: string[] }> {
  const root = temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(root, name, ".."), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  return loaded(root);
}

async function loaded(root: string): Promise<{ names: string[]; lines: string[] }> {
  const { objects, diagnostics } = await loadDirectory(root);
  const names = [...objects.Service.values()].map(({ object }) => object.meta.name).sort();
  return { names, lines: diagnostics.map((d) => formatDiagnostic(d).replace(`${root}/`, "")) };
}

test("manifests in subfolders, of every extension; nothing hidden and nothing else", async () => {
  const { names, lines } = await load({
    "a.yaml": service("a"),
    "deep/er/b.yml": service("b"),
    "c.json": JSON.stringify({ apiVersion: "v1", kind: "Service", metadata: { name: "c" } }),
    "D.YAML": service("d"),
    ".hidden.yaml": service("x"),
    ".git/x.yaml": service("x"),
    "notes.txt": service("x"),
    "e.yaml~": service("x"),
    "empty.yaml": "",
  });
  expect(names).toEqual(["a", "b", "c", "d"]);
  expect(lines).toEqual([]);
});

test("a file's path stands in its diagnostics", async () => {
  const { names, lines } = await load({ "a.yaml": service("a"), "sub/b.yaml": `${service("b")}spec: 1` });
  expect(names).toEqual(["a"]);
  expect(lines).toEqual(["sub/b.yaml:4: HED1103 error: Service default/b: spec: must be an object, not a number: 1"]);
});

test("files that are refused, beside one that is read", async () => {
  const { names, lines } = await load({
    "a.yaml": service("a"),
    "big.yaml": `${service("b")}# ${"x".repeat(4 * 1024 * 1024)}`,
    "latin.yaml": Uint8Array.of(0x61, 0x3a, 0x20, 0xe9),
    "utf8.yaml": `\ufeff# é\n${service("c")}`,
  });
  expect(names).toEqual(["a", "c"]);
  expect(lines).toEqual([
    "latin.yaml:1: HED1001 error: is not UTF-8 text",
    expect.stringMatching(/^big\.yaml:1: HED1002 error: has 41\d+ bytes; 4194304 are allowed$/),
  ]);
});

test("a link that leads to itself is told, one that leads nowhere is not there", async () => {
  const root = temporaryFolder();
  symlinkSync("loop.yaml", join(root, "loop.yaml"));
  symlinkSync("nowhere.yaml", join(root, "dangling.yaml"));
  mkdirSync(join(root, "sub"));
  symlinkSync("..", join(root, "sub", "up"));
  writeFileSync(join(root, "a.yaml"), service("a"));
  const { names, lines } = await loaded(root);
  expect(names).toEqual(["a"]);
  expect(lines).toEqual([expect.stringMatching(/^loop\.yaml:1: HED1005 error: ELOOP/)]);
});

test("a single file", async () => {
  const root = temporaryFolder();
  writeFileSync(join(root, "a.txt"), service("a"));
  expect((await loaded(join(root, "a.txt"))).names).toEqual(["a"]);
});

test("more files than are read: none of them", async () => {
  const root = temporaryFolder();
  for (let i = 0; i < 10_001; i++) writeFileSync(join(root, `${i}.yaml`), "");
  writeFileSync(join(root, "0.yaml"), service("a"));
  const { names, lines } = await loaded(root);
  expect(names).toEqual([]);
  expect(lines).toEqual([expect.stringContaining("HED1003 error: holds more than 10000 manifest files")]);
});

test("no folder at all", async () => {
  await expect(loadDirectory(join(temporaryFolder(), "none"))).rejects.toMatchObject({ code: "SOURCE_UNREADABLE" });
});
