/**
 * What is in force of each file, and of all files together. Pure: it decides what a broken file, a missing document and a
 * second definition of an object mean.
 */
import { refOf } from "../../api/parse-object.ts";
import { diagnostic } from "../../base/diagnostic-codes.ts";
import { compareDiagnostics, refKey, type Diagnostic } from "../../base/diagnostic.ts";
import { objectSet, type Sourced } from "../../model/objects.ts";
import type { SourceState } from "../source.ts";
import type { ParsedFile } from "./parse.ts";

export interface FileVersion {
  readonly parsed: ParsedFile;
  /** Last good versions, by object, of what is broken in the file now or not yet believed to be gone. */
  readonly held: ReadonlyMap<string, Held>;
}

interface Held {
  readonly sourced: Sourced;
  /** Since when it is missing from the file without any sign of damage; absent while something in the file is broken. */
  readonly goneSince?: number;
}

/** A file that is not there. */
export const ABSENT: ParsedFile = { objects: [], broken: new Set(), unidentified: false, diagnostics: [], ignored: [] };

/**
 * The next version of a file, at `now`. An object whose document is broken keeps its last good version, and so does every
 * missing object while a broken document cannot be told by name. One that is plainly gone is withdrawn only after `settle`
 * milliseconds: a file that is being replaced is empty or absent for a moment.
 */
export function nextVersion(
  parsed: ParsedFile,
  previous: FileVersion | undefined,
  { now, settle }: { readonly now: number; readonly settle: number },
): FileVersion {
  const present = new Set(parsed.objects.map(({ object }) => refKey(refOf(object))));
  const held = new Map<string, Held>();
  for (const [key, { sourced, goneSince = now }] of previous ? lastGood(previous) : []) {
    if (present.has(key)) continue;
    if (parsed.unidentified || parsed.broken.has(key)) held.set(key, { sourced });
    else if (now - goneSince < settle) held.set(key, { sourced, goneSince });
  }
  return { parsed, held };
}

/** When the next object of a file is to be withdrawn, if nothing changes; Infinity where none is. */
export function withdrawalDue({ held }: FileVersion, settle: number): number {
  return held.values().reduce((soonest, { goneSince = Infinity }) => Math.min(soonest, goneSince + settle), Infinity);
}

function lastGood(version: FileVersion): ReadonlyMap<string, Held> {
  const good = version.parsed.objects.map((sourced) => [refKey(refOf(sourced.object)), { sourced }] as const);
  // Of two definitions in one file the first is in force.
  return new Map([...version.held, ...good.toReversed()]);
}

/** All files together, in order of their paths. What is good in any file goes before what is only held in another. */
export function assemble(files: ReadonlyMap<string, FileVersion>, extra: readonly Diagnostic[]): SourceState {
  const paths = [...files.keys()].sort();
  const inForce = new Map<string, Sourced>();
  const diagnostics: Diagnostic[] = [...extra];
  const ignored = new Map<string, number>();
  for (const path of paths) {
    const { parsed } = files.get(path)!;
    diagnostics.push(...parsed.diagnostics);
    for (const kind of parsed.ignored) ignored.set(kind, (ignored.get(kind) ?? 0) + 1);
    for (const sourced of parsed.objects) {
      const key = refKey(refOf(sourced.object));
      const first = inForce.get(key);
      if (first) diagnostics.push(duplicate(sourced, first));
      else inForce.set(key, sourced);
    }
  }
  for (const path of paths) {
    for (const [key, { sourced }] of files.get(path)!.held) if (!inForce.has(key)) inForce.set(key, sourced);
  }
  return { objects: objectSet(inForce.values()), diagnostics: diagnostics.sort(compareDiagnostics), ignored };
}

function duplicate(second: Sourced, first: Sourced): Diagnostic {
  const at = first.origin ? `${first.origin.place.file}:${first.origin.place.line}` : "another place";
  const message = `is already defined at ${at}, which is in force; this one is left out`;
  return diagnostic("HED1008", { ref: refOf(second.object), message, place: second.origin?.place });
}
