/** What every source of API objects is to the rest: a folder of manifests now, a cluster as well. */
import type { Diagnostic } from "../base/diagnostic.ts";
import type { ObjectSet } from "../model/objects.ts";

export interface SourceState {
  /** All valid objects; a broken one is represented by its last good version, where there was one. */
  readonly objects: ObjectSet;
  /** What could not be read or is not valid. */
  readonly diagnostics: readonly Diagnostic[];
  /** Objects of kinds that Heddle does not read, by `apiVersion kind`. */
  readonly ignored: ReadonlyMap<string, number>;
}

/** Called with the whole new state, never while a call for the state before is still on its way. */
export type SourceListener = (state: SourceState) => void;

export interface Source {
  /** Resolves with the first complete state; every later one goes to the listener. Throws `HeddleError` where there is nothing to read at all. */
  start(): Promise<SourceState>;
  /** What `start` still waits for, and why; empty once it has resolved. */
  pending(): readonly string[];
  /** Ends watching. No listener is called after it resolves. */
  close(): Promise<void>;
}
