import { diagnostic } from "../../base/diagnostic-codes.ts";
import type { Diagnostic } from "../../base/diagnostic.ts";
import { HeddleError, messageOf } from "../../base/errors.ts";
import type { SourceState } from "../source.ts";
import { assemble, nextVersion, type FileVersion } from "./catalog.ts";
import { readManifest } from "./read.ts";
import { MAX_FILES, scan } from "./scan.ts";

/**
 * Reads folders of manifests, or single files, once and as one mesh. Throws `HeddleError` SOURCE_UNREADABLE where there is none; whatever is
 * wrong inside is a diagnostic.
 */
export async function loadDirectory(...paths: readonly string[]): Promise<SourceState> {
  const files = new Map<string, FileVersion>();
  const trouble: Diagnostic[] = [];
  for (const path of paths) {
    const found = await scan(path).catch((thrown: unknown) => {
      throw new HeddleError("SOURCE_UNREADABLE", `cannot read manifests from ${path}: ${messageOf(thrown)}`, {
        cause: thrown,
      });
    });
    if (found.overflow) {
      trouble.push(tooManyFiles(path));
      continue;
    }
    trouble.push(...found.unreadable.values());
    for (const [file, { size }] of found.files) {
      const content = await readManifest(file, size, undefined);
      if (content) files.set(file, nextVersion(content.parsed, undefined, { now: 0, settle: 0 }));
    }
  }
  return assemble(files, trouble);
}

export function tooManyFiles(path: string): Diagnostic {
  const message = `holds more than ${MAX_FILES} manifest files; none of them is read`;
  return diagnostic("HED1003", { message, place: { file: path, line: 1 } });
}
