/** Finds the manifest files below a folder. */
import type { BigIntStats } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { diagnostic } from "../../base/diagnostic-codes.ts";
import type { Diagnostic } from "../../base/diagnostic.ts";
import { messageOf } from "../../base/errors.ts";

export interface Scan {
  /** Manifest files with a stamp that changes when they may have; sorted by path. */
  readonly files: ReadonlyMap<string, FileStamp>;
  /** All folders that were looked into; for a single file the one it is in. */
  readonly directories: ReadonlySet<string>;
  /** Folders and files that are there but cannot be looked at: nothing below them counts as gone. */
  readonly unreadable: ReadonlyMap<string, Diagnostic>;
  /** More files than Heddle reads; `files` is then incomplete. */
  readonly overflow: boolean;
}

export interface FileStamp {
  readonly stamp: string;
  readonly size: number;
}

export const MAX_FILES = 10_000;
const MAX_DEPTH = 32;

/** Hidden names are left out: editors' swap files, `.git`, and the `..data` folders behind mounted ConfigMaps. */
export function isManifestName(name: string): boolean {
  return !name.startsWith(".") && /\.(ya?ml|json)$/i.test(name);
}

/** Walks a folder, or takes a single file. Symbolic links are followed, each folder once. Throws what `stat` of `root` throws. */
export async function scan(root: string): Promise<Scan> {
  const files = new Map<string, FileStamp>();
  const directories = new Set<string>();
  const unreadable = new Map<string, Diagnostic>();
  const visited = new Set<string>();
  let overflow = false;

  const visit = async (path: string, stats: BigIntStats, depth: number): Promise<void> => {
    if (stats.isFile()) {
      if (files.size < MAX_FILES) files.set(path, stampOf(stats));
      else overflow = true;
      return;
    }
    const identity = `${stats.dev}:${stats.ino}`;
    if (!stats.isDirectory() || depth > MAX_DEPTH || overflow || visited.has(identity)) return;
    visited.add(identity);
    directories.add(path);
    for (const name of (await readdir(path)).sort()) {
      if (!name.startsWith(".")) await enter(join(path, name), name, depth + 1);
    }
  };
  const enter = async (path: string, name: string, depth: number): Promise<void> => {
    try {
      const stats = await stat(path, { bigint: true });
      if (stats.isDirectory() || isManifestName(name)) await visit(path, stats, depth);
    } catch (thrown) {
      // Gone between listing and looking, or a link to nothing: not there.
      if (isAbsent(thrown)) return;
      unreadable.set(path, diagnostic("HED1005", { message: messageOf(thrown), place: { file: path, line: 1 } }));
    }
  };

  const stats = await stat(root, { bigint: true });
  if (stats.isFile()) directories.add(dirname(root));
  await visit(root, stats, 0);
  return { files: sorted(files), directories, unreadable, overflow };
}

export function stampOf(stats: BigIntStats): FileStamp {
  return {
    stamp: `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`,
    size: Number(stats.size),
  };
}

/** Whether an error of the file system means that there is nothing at the path. */
export function isAbsent(thrown: unknown): boolean {
  return thrown instanceof Error && "code" in thrown && (thrown.code === "ENOENT" || thrown.code === "ENOTDIR");
}

function sorted<V>(map: ReadonlyMap<string, V>): ReadonlyMap<string, V> {
  return new Map([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
}
