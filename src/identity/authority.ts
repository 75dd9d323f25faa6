/**
 * The life of the control plane's CA, as a value. A new CA is trusted everywhere before it issues anything, and the old one is
 * trusted for as long as something that it issued may be in use.
 */
import { createCa } from "./certificate.ts";
import { type KeyPair, readCertificate } from "./key-pair.ts";

export interface Authority {
  /** Issues. */
  readonly current: KeyPair;
  /** Is trusted already, and will issue from `since` + `PROPAGATION` on. `since` is in milliseconds since the epoch. */
  readonly next?: KeyPair & { readonly since: number };
  /** Certificates of CAs before, the newest first; trusted until they expire. */
  readonly previous: readonly string[];
}

const DAY = 24 * 60 * 60_000;
export const CA_LIFETIME = 365 * DAY;
/** Part of the CA's life that is left when the next one is made. */
const OVERLAP = 1 / 3;
/** Time for a new CA to reach every sidecar: kubelets bring changed ConfigMaps within a minute or two. */
export const PROPAGATION = 60 * 60_000;
/** Former CAs that are kept at most. By their lives there are two. */
export const MAX_PREVIOUS = 4;
const NAME = "Heddle CA";

export async function newAuthority(now: number): Promise<Authority> {
  return { current: await newCa(now), previous: [] };
}

/** What has to become of it by `now`, one step at a time; the same object where that is nothing. */
export async function rotate(authority: Authority, now: number): Promise<Authority> {
  const { current, next } = authority;
  const alive = (certificate: string): boolean => expiryOf(certificate) > now;
  const previous = authority.previous.filter(alive);
  const usable = next && alive(next.certificate) ? next : undefined;
  const expired = !alive(current.certificate);
  // With an expired CA nobody gets in anyhow: then there is nothing to wait for.
  if (usable && (expired || now - usable.since >= PROPAGATION)) {
    const { since: _, ...promoted } = usable;
    return { current: promoted, previous: [current.certificate, ...previous].filter(alive).slice(0, MAX_PREVIOUS) };
  }
  if (expired) return { current: await newCa(now), previous };
  if (!usable && isWorn(current, now)) return { current, next: { ...(await newCa(now)), since: now }, previous };
  return previous.length === authority.previous.length ? authority : { ...authority, previous };
}

/** All CAs that clients are to trust, in PEM. */
export function trustBundle({ current, next, previous }: Authority): string {
  return [current.certificate, ...(next ? [next.certificate] : []), ...previous].join("");
}

function newCa(now: number): Promise<KeyPair> {
  return createCa(NAME, { now, lifetime: CA_LIFETIME });
}

function isWorn({ certificate }: KeyPair, now: number): boolean {
  const { validFromDate, validToDate } = readCertificate(certificate, "the CA");
  const [begin, end] = [validFromDate.getTime(), validToDate.getTime()];
  return end - now < (end - begin) * OVERLAP;
}

function expiryOf(certificate: string): number {
  return readCertificate(certificate, "the CA").validToDate.getTime();
}
