import { execFileSync } from "node:child_process";
import { join } from "node:path";

export interface ApiCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** Files with a new certificate that is its own CA, for loopback, the `kubernetes` Service and the given addresses. */
export function createApiCertificate(folder: string, addresses: readonly string[]): ApiCertificate {
  const files = { certificate: join(folder, "api.crt"), key: join(folder, "api.key") };
  const dns = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"].map((name) => `DNS:${name}`);
  const ips = [...new Set(["127.0.0.1", ...addresses])].map((address) => `IP:${address}`);
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"];
  const what = ["-subj", "/CN=kube-apiserver", "-addext", `subjectAltName=${[...dns, ...ips].join(",")}`];
  openssl("req", "-x509", ...kind, ...what, "-keyout", files.key, "-out", files.certificate);
  return files;
}

/** File with a new key that signs the tokens of service accounts. */
export function createSigningKey(folder: string): string {
  const file = join(folder, "service-accounts.key");
  openssl("genrsa", "-out", file, "2048");
  return file;
}

function openssl(...args: readonly string[]): void {
  execFileSync("openssl", args, { stdio: "ignore", timeout: 20_000 });
}
