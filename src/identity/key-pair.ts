import { createPrivateKey, X509Certificate } from "node:crypto";
import { HeddleError } from "../base/errors.ts";

/** A certificate with its key, both in PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** What the two parts are called where they come from, such as `tls.crt` and `tls.key`. */
export interface PairNames {
  readonly certificate: string;
  readonly key: string;
}

/**
 * The certificate (the first one, where there is a chain) of a pair that belongs together.
 *
 * @throws HeddleError CERTIFICATE that says which part is wrong, and holds nothing of the key
 */
export function checkKeyPair({ certificate, key }: KeyPair, names: PairNames): X509Certificate {
  const leaf = readCertificate(certificate, names.certificate);
  let matches: boolean;
  try {
    matches = leaf.checkPrivateKey(createPrivateKey(key));
  } catch {
    // Without the cause: it comes from reading the key.
    throw new HeddleError("CERTIFICATE", `${names.key} holds no private key in PEM`);
  }
  if (!matches) throw new HeddleError("CERTIFICATE", `${names.key} does not belong to ${names.certificate}`);
  return leaf;
}

/** @throws HeddleError CERTIFICATE */
export function readCertificate(text: string, name: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (cause) {
    throw new HeddleError("CERTIFICATE", `${name} holds no certificate in PEM`, { cause });
  }
}
