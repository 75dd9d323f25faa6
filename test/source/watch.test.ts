import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { directorySource, type DirectorySourceOptions } from "../../src/source/directory/source.ts";
import type { SourceState } from "../../src/source/source.ts";
import { temporaryFolder } from "../support/temp-folder.ts";

const service = (name: string, port: number): string =>
  `apiVersion: v1\nkind: Service\nmetadata: { name: ${name} }\nspec: { ports: [{ port: ${port} }] }\n`;

interface Watched {
  readonly states: SourceState[];
  /** Resolves when what is in force reads as given; fails with what it was instead. */
  until(expected: string): Promise<void>;
  close(): Promise<void>;
}

/** What is in force and what is wrong, as `a:80 b:81 !HED1001`. */
function summary({ objects, diagnostics }: SourceState): string {
  const services = [...objects.Service.values()].map(({ object }) => `${object.meta.name}:${object.ports[0]?.port}`);
  return [...services.sort(), ...diagnostics.map((d) => `!${d.code}`)].join(" ");
}

async function watching(root: string, options: Partial<DirectorySourceOptions> = {}): Promise<Watched> {
  const states: SourceState[] = [];
  const source = directorySource(root, {
    settle: 60,
    rescan: 60_000,
    ...options,
    onChange: (state) => states.push(state),
  });
  onTestFinished(() => source.close());
  states.push(await source.start());
  return {
    states,
    async until(expected) {
      for (let tries = 0; tries < 1000 && summary(states.at(-1)!) !== expected; tries++) await wait(10);
      expect(summary(states.at(-1)!)).toBe(expected);
    },
    close: () => source.close(),
  };
}

test("a file is changed, broken, mended and deleted", async () => {
  const root = temporaryFolder();
  const file = join(root, "a.yaml");
  writeFileSync(file, service("a", 80));
  const watched = await watching(root);
  await watched.until("a:80");
  writeFileSync(file, service("a", 81));
  await watched.until("a:81");
  writeFileSync(file, "kind: [");
  await watched.until("a:81 !HED1001");
  writeFileSync(file, service("a", 82));
  await watched.until("a:82");
  unlinkSync(file);
  await watched.until("");
});

test("an atomic replacement never withdraws what it replaces", async () => {
  const root = temporaryFolder();
  writeFileSync(join(root, "a.yaml"), service("a", 80));
  const watched = await watching(root);
  for (let port = 81; port < 86; port++) {
    writeFileSync(join(root, ".a.yaml.tmp"), service("a", port));
    renameSync(join(root, ".a.yaml.tmp"), join(root, "a.yaml"));
    await watched.until(`a:${port}`);
  }
  expect(watched.states.filter((state) => !state.objects.Service.has("default/a"))).toEqual([]);
});

test("a file written bit by bit ends right, and what it held stays meanwhile", async () => {
  const root = temporaryFolder();
  const file = join(root, "a.yaml");
  writeFileSync(file, `${service("a", 80)}---\n${service("b", 80)}`);
  const watched = await watching(root, { settle: 2000 });
  writeFileSync(file, "");
  for (const piece of `${service("a", 81)}---\n${service("b", 81)}`.match(/[^]{1,30}/g)!) {
    appendFileSync(file, piece);
    await wait(20);
  }
  await watched.until("a:81 b:81");
  expect(watched.states.filter(({ objects }) => objects.Service.size < 2)).toEqual([]);
});

test("new folders, files in them, and folders that go", async () => {
  const root = temporaryFolder();
  const watched = await watching(root);
  mkdirSync(join(root, "x", "y"), { recursive: true });
  writeFileSync(join(root, "x", "y", "a.yaml"), service("a", 80));
  await watched.until("a:80");
  writeFileSync(join(root, "x", "y", "a.yaml"), service("a", 81));
  await watched.until("a:81");
  renameSync(join(root, "x"), join(root, "z"));
  writeFileSync(join(root, "z", "y", "a.yaml"), service("a", 82));
  await watched.until("a:82");
  rmSync(join(root, "z"), { recursive: true });
  await watched.until("");
});

test("a mounted ConfigMap: all files are links through one that is swapped", async () => {
  const root = temporaryFolder();
  const version = (name: string, port: number): void => {
    mkdirSync(join(root, name));
    writeFileSync(join(root, name, "a.yaml"), service("a", port));
    symlinkSync(name, join(root, "..data_tmp"));
    renameSync(join(root, "..data_tmp"), join(root, "..data"));
  };
  version("..2026_01", 80);
  symlinkSync("..data/a.yaml", join(root, "a.yaml"));
  const watched = await watching(root);
  await watched.until("a:80");
  version("..2026_02", 81);
  rmSync(join(root, "..2026_01"), { recursive: true });
  await watched.until("a:81");
});

test("changes that gave no notice are found by the periodic scan", async () => {
  const root = temporaryFolder();
  const elsewhere = temporaryFolder();
  writeFileSync(join(elsewhere, "real"), service("a", 80));
  symlinkSync(join(elsewhere, "real"), join(root, "a.yaml"));
  const watched = await watching(root, { rescan: 30 });
  writeFileSync(join(elsewhere, "real"), service("a", 81));
  await watched.until("a:81");
});

test("a folder that vanishes withdraws nothing, and is taken up again", async () => {
  const parent = temporaryFolder();
  const root = join(parent, "manifests");
  mkdirSync(root);
  writeFileSync(join(root, "a.yaml"), service("a", 80));
  const watched = await watching(root, { rescan: 30 });
  renameSync(root, join(parent, "away"));
  await watched.until("a:80 !HED1005");
  mkdirSync(root);
  writeFileSync(join(root, "a.yaml"), service("a", 81));
  await watched.until("a:81");
});

test("a single file as source", async () => {
  const file = join(temporaryFolder(), "a.yaml");
  writeFileSync(file, service("a", 80));
  const watched = await watching(file);
  writeFileSync(file, service("a", 81));
  await watched.until("a:81");
});

test("an object moves from one file to another", async () => {
  const root = temporaryFolder();
  writeFileSync(join(root, "a.yaml"), service("a", 80));
  const watched = await watching(root);
  renameSync(join(root, "a.yaml"), join(root, "b.yaml"));
  writeFileSync(join(root, "b.yaml"), service("a", 81));
  await watched.until("a:81");
  expect(watched.states.filter(({ objects }) => objects.Service.size !== 1)).toEqual([]);
});

test("files that did not change keep their objects", async () => {
  const root = temporaryFolder();
  writeFileSync(join(root, "a.yaml"), service("a", 80));
  writeFileSync(join(root, "b.yaml"), service("b", 80));
  const watched = await watching(root);
  writeFileSync(join(root, "b.yaml"), service("b", 81));
  await watched.until("a:80 b:81");
  const [first, last] = [watched.states[0]!, watched.states.at(-1)!];
  expect(last.objects.Service.get("default/a")!.object).toBe(first.objects.Service.get("default/a")!.object);
});

test("a save without change keeps its objects too", async () => {
  const root = temporaryFolder();
  writeFileSync(join(root, "a.yaml"), service("a", 80));
  const watched = await watching(root);
  writeFileSync(join(root, ".tmp"), service("a", 80));
  renameSync(join(root, ".tmp"), join(root, "a.yaml"));
  writeFileSync(join(root, "b.yaml"), service("b", 80));
  await watched.until("a:80 b:80");
  const objects = watched.states.map((state) => state.objects.Service.get("default/a")!.object);
  expect(new Set(objects).size).toBe(1);
});

test("after close, and after its signal aborts, a source is silent", async () => {
  const root = temporaryFolder();
  const aborting = new AbortController();
  const watched = [await watching(root), await watching(root, { signal: aborting.signal })];
  await watched[0]!.close();
  aborting.abort();
  writeFileSync(join(root, "a.yaml"), service("a", 80));
  const witness = await watching(root);
  writeFileSync(join(root, "a.yaml"), service("a", 81));
  await witness.until("a:81");
  expect(watched.map(({ states }) => states.length)).toEqual([1, 1]);
});

test("no folder to start with", async () => {
  const source = directorySource(join(temporaryFolder(), "none"), { onChange: () => undefined });
  await expect(source.start()).rejects.toMatchObject({ code: "SOURCE_UNREADABLE" });
});
