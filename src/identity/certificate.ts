/** X.509 as far as the control plane needs it: a CA of its own, and server certificates from it. ECDSA on P-256 throughout. */
// First: the decorators of what the next import brings need it.
import "reflect-metadata";
import type { webcrypto } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { HeddleError } from "../base/errors.ts";
import type { KeyPair } from "./key-pair.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const SERVER_NAME = "CN=Heddle control plane";
/** Clocks of clients may be behind by this much. */
const BACKDATE = 5 * 60_000;

/** A new self-signed CA that may issue certificates of servers and of nothing below. */
export async function createCa(
  name: string,
  { now, lifetime }: { readonly now: number; readonly lifetime: number },
): Promise<KeyPair> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=${name}`,
    notBefore: new Date(now - BACKDATE),
    notAfter: new Date(now + lifetime),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: pem(certificate), key: await exportKey(keys.privateKey) };
}

export interface Issued extends KeyPair {
  /** Milliseconds since the epoch. */
  readonly notAfter: number;
}

/**
 * A server's certificate for DNS names, with a new key. It never outlives its CA.
 *
 * @throws HeddleError CERTIFICATE when the CA is unusable or has expired
 */
export async function issueServerCertificate(
  ca: KeyPair,
  {
    dnsNames,
    now,
    lifetime,
  }: { readonly dnsNames: readonly string[]; readonly now: number; readonly lifetime: number },
): Promise<Issued> {
  const issuer = new X509Certificate(ca.certificate);
  const signingKey = await importKey(ca.key);
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const notAfter = Math.min(now + lifetime, issuer.notAfter.getTime());
  if (notAfter <= now) throw new HeddleError("CERTIFICATE", `the CA expired at ${issuer.notAfter.toISOString()}`);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    // Not a DNS name: those may be longer than a common name can be.
    subject: SERVER_NAME,
    issuer: issuer.subject,
    notBefore: new Date(now - BACKDATE),
    notAfter: new Date(notAfter),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(dnsNames.map((value) => ({ type: "dns" as const, value }))),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return {
    certificate: pem(certificate),
    key: await exportKey(keys.privateKey),
    notAfter: certificate.notAfter.getTime(),
  };
}

function pem(certificate: X509Certificate): string {
  return `${certificate.toString("pem").trim()}\n`;
}

/** 16 bytes, positive. */
function serialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return Buffer.from(bytes).toString("hex");
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return `${PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY")}\n`;
}

async function importKey(text: string): Promise<webcrypto.CryptoKey> {
  try {
    const [bytes] = PemConverter.decode(text);
    return await crypto.subtle.importKey("pkcs8", bytes!, ALGORITHM, false, ["sign"]);
  } catch {
    // Without the cause: it may hold the key.
    throw new HeddleError("CERTIFICATE", "the CA's key is no PKCS #8 key of P-256 in PEM");
  }
}
