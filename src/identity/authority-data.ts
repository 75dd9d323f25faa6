/** A CA as the data of a Secret: texts by name, before base64. */
import { HeddleError } from "../base/errors.ts";
import { type Authority, MAX_PREVIOUS } from "./authority.ts";
import { checkKeyPair, type KeyPair, readCertificate } from "./key-pair.ts";

export type AuthorityData = Readonly<Record<string, string | undefined>>;

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

export function serializeAuthority({ current, next, previous }: Authority): Readonly<Record<string, string>> {
  return {
    "ca.crt": current.certificate,
    "ca.key": current.key,
    ...(next && {
      "next.crt": next.certificate,
      "next.key": next.key,
      "next.since": new Date(next.since).toISOString(),
    }),
    "previous.crt": previous.join(""),
  };
}

/** @throws HeddleError CERTIFICATE that says what is wrong, and holds nothing of the keys */
export function parseAuthority(data: AuthorityData): Authority {
  const current = parsePair(data, "ca");
  if (!current) throw new HeddleError("CERTIFICATE", "ca.crt and ca.key are missing");
  const next = parsePair(data, "next");
  return {
    current,
    ...(next && { next: { ...next, since: parseTime(data, "next.since") } }),
    previous: parseCertificates(data, "previous.crt").slice(0, MAX_PREVIOUS),
  };
}

function parsePair(data: AuthorityData, name: string): KeyPair | undefined {
  const names = { certificate: `${name}.crt`, key: `${name}.key` };
  const [certificate, key] = [data[names.certificate], data[names.key]];
  if (!certificate && !key) return undefined;
  if (!certificate) throw new HeddleError("CERTIFICATE", `${names.certificate} is missing`);
  if (!key) throw new HeddleError("CERTIFICATE", `${names.key} is missing`);
  const pair = { certificate: normal(certificate), key };
  if (!checkKeyPair(pair, names).ca) throw new HeddleError("CERTIFICATE", `${names.certificate} is not that of a CA`);
  return pair;
}

function parseTime(data: AuthorityData, name: string): number {
  const time = Date.parse(data[name] ?? "");
  if (!Number.isFinite(time)) throw new HeddleError("CERTIFICATE", `${name} is no time, such as 2030-01-31T12:00:00Z`);
  return time;
}

function parseCertificates(data: AuthorityData, name: string): string[] {
  const text = data[name] ?? "";
  if (text.replaceAll(BLOCK, "").trim() !== "") {
    throw new HeddleError("CERTIFICATE", `${name} holds something other than certificates in PEM`);
  }
  const certificates = (text.match(BLOCK) ?? []).map(normal);
  for (const certificate of certificates) readCertificate(certificate, name);
  return certificates;
}

/** With one line break at the end: bundles are joined of these. */
function normal(certificate: string): string {
  return `${certificate.trim()}\n`;
}
