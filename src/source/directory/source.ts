/** A folder of manifests as a source: read whole at the start, then kept up with as files change. */
import { join } from "node:path";
import { systemClock, type Clock } from "../../base/clock.ts";
import { diagnostic } from "../../base/diagnostic-codes.ts";
import type { Diagnostic } from "../../base/diagnostic.ts";
import { HeddleError, messageOf } from "../../base/errors.ts";
import type { Source, SourceListener, SourceState } from "../source.ts";
import { ABSENT, assemble, nextVersion, withdrawalDue, type FileVersion } from "./catalog.ts";
import { tooManyFiles } from "./load.ts";
import { readManifest, type FileContent } from "./read.ts";
import { isManifestName, scan, type FileStamp, type Scan } from "./scan.ts";
import { createWatchers } from "./watchers.ts";

export interface DirectorySourceOptions {
  readonly onChange: SourceListener;
  readonly clock?: Clock;
  /** Ends the source like `close`. */
  readonly signal?: AbortSignal;
  /** Milliseconds from a notice of change to reading, so that one save is one change. */
  readonly debounce?: number;
  /** Milliseconds for which an object must be gone before it is withdrawn: a file being replaced is empty or absent for a moment. */
  readonly settle?: number;
  /** Milliseconds between scans that no notice asked for. */
  readonly rescan?: number;
}

interface Tracked {
  /** "" for a file that is gone. */
  readonly stamp: string;
  readonly content: FileContent | undefined;
  readonly version: FileVersion;
}

/**
 * Watches a folder of manifests, or a single file. Changes are read within `debounce`; a broken document keeps its last good
 * version in force; deleted objects go after `settle`.
 */
export function directorySource(path: string, options: DirectorySourceOptions): Source {
  const { clock = systemClock, debounce = 15, settle = 200, rescan = 2000 } = options;
  const tracked = new Map<string, Tracked>();
  /** Paths that a notice named since the last pass: read whatever their stamp, which may be too coarse to tell. */
  const dirty = new Set<string>();
  let trouble: readonly Diagnostic[] = [];
  let read = false;
  let closed = false;
  let due: { readonly at: number; readonly cancel: () => void } | undefined;
  let passing: Promise<void> | undefined;

  const watchers = createWatchers((directory, name) => {
    const file = name === undefined ? directory : join(directory, name);
    if (name === undefined || isManifestName(name)) dirty.add(file);
    passIn(debounce);
  });

  /** Plans a pass; the earliest plan stands. */
  function passIn(delay: number): void {
    const at = clock.now() + delay;
    if (closed || (due && due.at <= at)) return;
    due?.cancel();
    const cancel = clock.after(delay, () => {
      due = undefined;
      passing = (passing ?? Promise.resolve()).then(pass);
    });
    due = { at, cancel };
  }

  async function pass(): Promise<void> {
    if (closed) return;
    if (await look()) publish();
    passIn(nextLook());
  }

  /** Scans and reads what changed; true where the outcome may differ. */
  async function look(): Promise<boolean> {
    const named = new Set(dirty);
    dirty.clear();
    const found = await scan(path).catch((thrown: unknown) => messageOf(thrown));
    if (typeof found === "string") return complain([unreadableRoot(found)]);
    if (found.overflow) return complain([tooManyFiles(path)]);
    // What happened in a folder before it was watched gave no notice.
    if (watchers.follow(found.directories)) passIn(debounce);
    let changed = complain([...found.unreadable.values()]);
    for (const [file, stamp] of found.files) changed = (await update(file, stamp, named.has(file))) || changed;
    for (const file of tracked.keys()) changed = (isGone(found, file) && withdraw(file)) || changed;
    return changed;
  }

  async function update(file: string, { stamp, size }: FileStamp, named: boolean): Promise<boolean> {
    const known = tracked.get(file);
    if (known && known.stamp === stamp && !named && !isDue(known)) return false;
    const content = await readManifest(file, size, known?.content);
    if (!content) return false;
    // The stamp was taken before reading: a write in between shows as a new stamp on the next pass.
    if (known && content === known.content && !isDue(known)) {
      tracked.set(file, { ...known, stamp });
      return false;
    }
    tracked.set(file, { stamp, content, version: nextVersion(content.parsed, known?.version, instant()) });
    return true;
  }

  function withdraw(file: string): boolean {
    const known = tracked.get(file);
    if (!known || (known.stamp === "" && !isDue(known))) return false;
    const version = nextVersion(ABSENT, known.version, instant());
    if (version.held.size === 0) tracked.delete(file);
    else tracked.set(file, { stamp: "", content: undefined, version });
    return true;
  }

  function isDue({ version }: Tracked): boolean {
    return withdrawalDue(version, settle) <= clock.now();
  }

  function instant(): { readonly now: number; readonly settle: number } {
    return { now: clock.now(), settle };
  }

  /** Replaces the standing complaints; true where they differ. */
  function complain(next: readonly Diagnostic[]): boolean {
    const differs = JSON.stringify(next) !== JSON.stringify(trouble);
    trouble = next;
    return differs;
  }

  /** Milliseconds until something is to be looked at without a notice. */
  function nextLook(): number {
    const soonest = tracked
      .values()
      .reduce((at, { version }) => Math.min(at, withdrawalDue(version, settle)), Infinity);
    return Math.max(1, Math.min(rescan, soonest - clock.now()));
  }

  function unreadableRoot(reason: string): Diagnostic {
    const message = `${reason}; what was read before stays in force`;
    return diagnostic("HED1005", { message, place: { file: path, line: 1 } });
  }

  function state(): SourceState {
    return assemble(new Map([...tracked].map(([file, { version }]) => [file, version])), trouble);
  }

  function publish(): void {
    if (!closed) options.onChange(state());
  }

  async function close(): Promise<void> {
    closed = true;
    due?.cancel();
    watchers.close();
    await passing;
  }

  return {
    async start() {
      await scan(path).catch((thrown: unknown) => {
        const message = `cannot read manifests from ${path}: ${messageOf(thrown)}`;
        throw new HeddleError("SOURCE_UNREADABLE", message, { cause: thrown });
      });
      options.signal?.addEventListener("abort", () => void close(), { once: true });
      await look();
      passIn(nextLook());
      read = true;
      return state();
    },
    pending: () => (read ? [] : [`the manifests in ${path} are not read yet`]),
    close,
  };
}

/** Nothing is at the path any more, as far as one could look. */
function isGone(found: Scan, file: string): boolean {
  if (found.files.has(file)) return false;
  return ![...found.unreadable.keys()].some((path) => file === path || file.startsWith(`${path}/`));
}
