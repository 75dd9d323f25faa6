import { diagnostic } from "../../base/diagnostic-codes.ts";
import { HeddleError, messageOf } from "../../base/errors.ts";
import type { SourceState } from "../source.ts";
import { assemble, nextVersion, type FileVersion } from "./catalog.ts";
import { readManifest } from "./read.ts";
import { MAX_FILES, scan } from "./scan.ts";

/**
 * Reads a folder of manifests, or a single file, once. Throws `HeddleError` SOURCE_UNREADABLE where there is none; whatever is
 * wrong inside is a diagnostic.
 */
export async function loadDirectory(path: string): Promise<SourceState> {
  const found = await scan(path).catch((thrown: unknown) => {
    throw new HeddleError("SOURCE_UNREADABLE", `cannot read manifests from ${path}: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  });
  if (found.overflow) return assemble(new Map(), [tooManyFiles(path)]);
  const files = new Map<string, FileVersion>();
  for (const [file, { size }] of found.files) {
    const content = await readManifest(file, size, undefined);
    if (content) files.set(file, nextVersion(content.parsed, undefined, { now: 0, settle: 0 }));
  }
  return assemble(files, [...found.unreadable.values()]);
}

export function tooManyFiles(path: string): ReturnType<typeof diagnostic> {
  const message = `holds more than ${MAX_FILES} manifest files; none of them is read`;
  return diagnostic("HED1003", { message, place: { file: path, line: 1 } });
}
