/** An identity from a folder: a mounted Secret with `tls.crt`, `tls.key` and `ca.crt`, read again when it changes. */
import { type FSWatcher, watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { HeddleError, messageOf } from "../base/errors.ts";
import { createListeners, type Identity, type IdentityEvent, type IdentityState } from "./identity.ts";
import { checkKeyPair, readCertificate } from "./key-pair.ts";

export interface CertificateFilesOptions {
  readonly directory: string;
  readonly clock: Clock;
  readonly onEvent?: (event: IdentityEvent) => void;
}

/** Milliseconds between looks that no notice asked for. */
const RECHECK = 60_000;
/** Milliseconds from a notice to reading: a Secret's files change together. */
const SETTLE = 100;
const NAMES = { certificate: "tls.crt", key: "tls.key" };
const BUNDLE = "ca.crt";

/** What is broken or half written keeps the pair before it in use. `start` throws HeddleError CERTIFICATE when there is none. */
export function watchCertificateFiles({ directory, clock, onEvent = () => {} }: CertificateFilesOptions): Identity {
  const listeners = createListeners<IdentityState>();
  let state: IdentityState | undefined;
  let watcher: FSWatcher | undefined;
  let cancel = (): void => {};
  let closed = false;
  /** A look goes on; the next one comes after it. */
  let looking: Promise<void> | undefined;
  let again = false;

  async function read(): Promise<void> {
    const next = await readIdentity(directory);
    if (closed || sameState(next, state)) return;
    onEvent({ kind: state ? "renewed" : "loaded", detail: `the certificate in ${directory} is in use` });
    state = next;
    listeners.tell(next);
  }

  async function look(): Promise<void> {
    await read().catch((error: unknown) => {
      if (!closed) onEvent({ kind: "failed", detail: `${directory}: ${messageOf(error)}` });
    });
    looking = undefined;
    lookIn(again ? SETTLE : RECHECK);
    again = false;
  }

  function lookIn(delay: number): void {
    if (closed) return;
    if (looking) {
      again = true;
      return;
    }
    cancel();
    cancel = clock.after(delay, () => {
      looking = look();
    });
  }

  /** A folder that cannot be watched, such as for lack of inotify instances, is looked at now and then. */
  function startWatching(): void {
    const failed = (error: unknown): void =>
      onEvent({ kind: "failed", detail: `cannot watch ${directory}: ${messageOf(error)}` });
    try {
      watcher = watch(directory, () => lookIn(SETTLE));
      watcher.on("error", failed);
    } catch (error) {
      failed(error);
    }
  }

  return {
    async start() {
      try {
        await read();
      } catch (cause) {
        throw new HeddleError("CERTIFICATE", `no certificate in ${directory}: ${messageOf(cause)}`, { cause });
      }
      startWatching();
      // Once more: for what changed between the two.
      lookIn(SETTLE);
    },
    current() {
      if (!state) throw new HeddleError("CERTIFICATE", "there is no certificate before start");
      return state;
    },
    onChange: listeners.add,
    async close() {
      closed = true;
      cancel();
      watcher?.close();
      await looking;
    },
  };
}

/** @throws HeddleError CERTIFICATE; an error of the file system. No message holds anything of the key. */
async function readIdentity(directory: string): Promise<IdentityState> {
  const read = (name: string): Promise<string> => readFile(join(directory, name), "utf8");
  const [certificate, key, bundle] = await Promise.all([read(NAMES.certificate), read(NAMES.key), read(BUNDLE)]);
  checkKeyPair({ certificate, key }, NAMES);
  readCertificate(bundle, BUNDLE);
  return { serverCertificate: { certificate, key }, bundle };
}

function sameState(a: IdentityState, b: IdentityState | undefined): boolean {
  return (
    a.bundle === b?.bundle &&
    a.serverCertificate.key === b.serverCertificate.key &&
    a.serverCertificate.certificate === b.serverCertificate.certificate
  );
}
