/** Reads one manifest file within its limits. */
import { readFile } from "node:fs/promises";
import { diagnostic } from "../../base/diagnostic-codes.ts";
import { messageOf } from "../../base/errors.ts";
import { contentHash } from "../../base/hash.ts";
import { parseManifests, unreadable, type ParsedFile } from "./parse.ts";
import { isAbsent } from "./scan.ts";

export const MAX_FILE_BYTES = 4 * 1024 * 1024;

export interface FileContent {
  /** Of the bytes; of the reason, where they were not read. */
  readonly hash: string;
  readonly parsed: ParsedFile;
}

/** The file's content, parsed unless its hash is `known.hash`; undefined where there is no such file. */
export async function readManifest(
  path: string,
  size: number,
  known: FileContent | undefined,
): Promise<FileContent | undefined> {
  const place = { file: path, line: 1 };
  const refused = (code: "HED1001" | "HED1002" | "HED1005", message: string): FileContent => {
    const parsed = unreadable(diagnostic(code, { message, place }));
    const hash = contentHash(`${code} ${message}`);
    return known?.hash === hash ? known : { hash, parsed };
  };
  const tooLarge = (bytes: number): FileContent =>
    refused("HED1002", `has ${bytes} bytes; ${MAX_FILE_BYTES} are allowed`);
  if (size > MAX_FILE_BYTES) return tooLarge(size);
  try {
    const bytes = await readFile(path);
    if (bytes.length > MAX_FILE_BYTES) return tooLarge(bytes.length);
    const hash = contentHash(bytes);
    if (known?.hash === hash) return known;
    return { hash, parsed: parseManifests(path, new TextDecoder("utf-8", { fatal: true }).decode(bytes)) };
  } catch (thrown) {
    if (isAbsent(thrown)) return undefined;
    if (thrown instanceof TypeError) return refused("HED1001", "is not UTF-8 text");
    return refused("HED1005", messageOf(thrown));
  }
}
