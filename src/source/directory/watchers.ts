/** Notices of change from the file system, one watch a folder. They only hurry a scan: what changed, the scan finds out. */
import { watch, type FSWatcher } from "node:fs";

export interface Watchers {
  /** Watches exactly these folders from now on; true where one of them was not watched before. */
  follow(directories: ReadonlySet<string>): boolean;
  close(): void;
}

/**
 * Calls `onEvent` with the folder and the name of an entry that may have changed; the name is undefined where the system
 * does not say. A folder that cannot be watched is left to the caller's periodic scan.
 */
export function createWatchers(onEvent: (directory: string, name: string | undefined) => void): Watchers {
  const watched = new Map<string, FSWatcher>();

  const drop = (directory: string): void => {
    watched.get(directory)?.close();
    watched.delete(directory);
  };
  const add = (directory: string): void => {
    try {
      const watcher = watch(directory, { persistent: false }, (_, name) => onEvent(directory, name ?? undefined));
      watched.set(directory, watcher);
      watcher.on("error", () => {
        drop(directory);
        onEvent(directory, undefined);
      });
    } catch {
      // Gone again, or out of watches: the periodic scan covers it.
    }
  };

  return {
    follow(directories) {
      for (const directory of watched.keys()) if (!directories.has(directory)) drop(directory);
      const added = [...directories].filter((directory) => !watched.has(directory));
      for (const directory of added) add(directory);
      return added.some((directory) => watched.has(directory));
    },
    close() {
      for (const directory of watched.keys()) drop(directory);
    },
  };
}
