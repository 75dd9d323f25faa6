/** What Envoy refuses in TLS settings although their proto allows it: certificates and keys that it cannot load. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { FieldPath } from "../base/field-path.ts";
import type { DataSource } from "../gen/envoy/config/core/v3/base_pb.ts";
import {
  type CertificateValidationContext,
  CertificateValidationContextSchema,
  type TlsCertificate,
  TlsCertificateSchema,
} from "../gen/envoy/extensions/transport_sockets/tls/v3/common_pb.ts";
import {
  CommonTlsContextSchema,
  DownstreamTlsContextSchema,
  UpstreamTlsContextSchema,
} from "../gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts";
import type { Findings } from "./validate-findings.ts";
import { typeCheck } from "./validate-walk.ts";

export const TLS_CHECKS = [
  typeCheck(TlsCertificateSchema, checkCertificate),
  typeCheck(CertificateValidationContextSchema, ({ trustedCa }, found) => {
    loadCertificates(trustedCa, ["trusted_ca"], found);
  }),
  typeCheck(CommonTlsContextSchema, ({ validationContextType: { case: kind, value } }, found) => {
    // Combined with one from SDS, the authority may come from there.
    if (kind === "validationContext" && checksNames(value) && !value.trustedCa) {
      found.add("is required where subject names are checked", ["validation_context", "trusted_ca"]);
    }
  }),
  typeCheck(UpstreamTlsContextSchema, ({ commonTlsContext }, found) => {
    const count = commonTlsContext?.tlsCertificates.length ?? 0;
    if (count > 1)
      found.add("must hold at most one: a client has no choice", ["common_tls_context", "tls_certificates"]);
  }),
  typeCheck(DownstreamTlsContextSchema, ({ commonTlsContext: tls }, found) => {
    const sources = [tls?.tlsCertificates, tls?.tlsCertificateSdsSecretConfigs];
    if (!tls?.tlsCertificateProviderInstance && sources.every((list = []) => list.length === 0)) {
      found.add("a server needs a certificate", ["common_tls_context", "tls_certificates"]);
    }
  }),
];

function checksNames({ matchTypedSubjectAltNames, matchSubjectAltNames }: CertificateValidationContext): boolean {
  return matchTypedSubjectAltNames.length + matchSubjectAltNames.length > 0;
}

function checkCertificate(certificate: TlsCertificate, found: Findings): void {
  if (certificate.pkcs12 || certificate.privateKeyProvider) return;
  const chain = loadCertificates(certificate.certificateChain, ["certificate_chain"], found);
  const key = loadKey(certificate, found);
  if (chain && key && !chain.checkPrivateKey(key)) found.add("is not the key of the certificate", ["private_key"]);
}

/** The first certificate of a source; undefined where it stands elsewhere, or was reported. */
function loadCertificates(source: DataSource | undefined, at: FieldPath, found: Findings): X509Certificate | undefined {
  const pem = textOf(source, at, found);
  if (pem === undefined) return undefined;
  try {
    // What stands before the first one is a comment; each that begins must be whole.
    const [first, ...others] = pem.split(BEGIN).slice(1);
    if (first === undefined) throw new Error("it holds no certificate");
    for (const other of others) new X509Certificate(BEGIN + other);
    return new X509Certificate(BEGIN + first);
  } catch {
    found.add("must be certificates in PEM form", at);
    return undefined;
  }
}

const BEGIN = "-----BEGIN CERTIFICATE-----";

function loadKey({ privateKey, password }: TlsCertificate, found: Findings) {
  if (!privateKey) {
    found.add("is required", ["private_key"]);
    return undefined;
  }
  const key = textOf(privateKey, ["private_key"], found);
  if (key === undefined) return undefined;
  const passphrase = password && textOf(password, ["password"], found);
  if (password && passphrase === undefined) return undefined;
  try {
    return createPrivateKey({ key, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch {
    // Without the cause: it must not tell anything of the key.
    found.add("must be a private key in PEM form", ["private_key"]);
    return undefined;
  }
}

/** Inline content; undefined where there is none to look at, which is reported when it is empty. */
function textOf(source: DataSource | undefined, at: FieldPath, found: Findings): string | undefined {
  if (source?.specifier.case !== "inlineString" && source?.specifier.case !== "inlineBytes") return undefined;
  const { value } = source.specifier;
  if (value.length === 0) found.add("must not be empty", at);
  return value.length === 0 ? undefined : typeof value === "string" ? value : Buffer.from(value).toString("latin1");
}
