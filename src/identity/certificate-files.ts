/** An identity from a folder: a mounted Secret with `tls.crt`, `tls.key` and `ca.crt`, read again when it changes. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { type FSWatcher, watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { HeddleError, messageOf } from "../base/errors.ts";
import { createListeners, type Identity, type IdentityEvent, type IdentityState } from "./identity.ts";

export interface CertificateFilesOptions {
  readonly directory: string;
  readonly clock: Clock;
  readonly onEvent?: (event: IdentityEvent) => void;
}

/** Milliseconds between looks that no notice asked for. */
const RECHECK = 60_000;
/** Milliseconds from a notice to reading: a Secret's files change together. */
const SETTLE = 100;

/** What is broken or half written keeps the pair before it in use. `start` throws HeddleError CERTIFICATE when there is none. */
export function watchCertificateFiles({ directory, clock, onEvent = () => {} }: CertificateFilesOptions): Identity {
  const listeners = createListeners<IdentityState>();
  let state: IdentityState | undefined;
  let watcher: FSWatcher | undefined;
  let cancel: (() => void) | undefined;
  let closed = false;

  async function read(): Promise<void> {
    const [certificate, key, bundle] = await Promise.all(
      ["tls.crt", "tls.key", "ca.crt"].map((name) => readFile(join(directory, name), "utf8")),
    );
    const next = { serverCertificate: { certificate: certificate!, key: key! }, bundle: bundle! };
    check(next);
    if (JSON.stringify(next) === JSON.stringify(state)) return;
    onEvent({ kind: state ? "renewed" : "loaded", detail: `the certificate in ${directory} is in use` });
    state = next;
    listeners.tell(next);
  }

  function lookIn(delay: number): void {
    if (closed) return;
    cancel?.();
    cancel = clock.after(delay, () => {
      read()
        .catch((error: unknown) => onEvent({ kind: "failed", detail: messageOf(error) }))
        .finally(() => lookIn(RECHECK));
    });
  }

  return {
    async start() {
      try {
        await read();
      } catch (cause) {
        throw new HeddleError("CERTIFICATE", `no certificate in ${directory}: ${messageOf(cause)}`, { cause });
      }
      watcher = watch(directory, () => lookIn(SETTLE));
      watcher.on("error", () => lookIn(SETTLE));
      lookIn(RECHECK);
    },
    current() {
      if (!state) throw new HeddleError("CERTIFICATE", "there is no certificate before start");
      return state;
    },
    onChange: listeners.add,
    close() {
      closed = true;
      cancel?.();
      watcher?.close();
      return Promise.resolve();
    },
  };
}

/** @throws HeddleError CERTIFICATE; its message holds nothing of the key */
function check({ serverCertificate: { certificate, key }, bundle }: IdentityState): void {
  const fail = (what: string): never => {
    throw new HeddleError("CERTIFICATE", what);
  };
  const parse = (name: string, text: string): X509Certificate => {
    try {
      return new X509Certificate(text);
    } catch {
      return fail(`${name} holds no certificate in PEM`);
    }
  };
  const leaf = parse("tls.crt", certificate);
  parse("ca.crt", bundle);
  let matches: boolean;
  try {
    matches = leaf.checkPrivateKey(createPrivateKey(key));
  } catch {
    return fail("tls.key holds no private key in PEM");
  }
  if (!matches) fail("tls.key does not belong to tls.crt");
}
