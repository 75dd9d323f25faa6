import { execFileSync } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { inspect } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { newAuthority, PROPAGATION, CA_LIFETIME, rotate, trustBundle } from "../../src/identity/authority.ts";
import { createCa, issueServerCertificate } from "../../src/identity/certificate.ts";
import { listenTls } from "../../src/xds/tls-listener.ts";
import { temporaryFolder } from "../support/temp-folder.ts";

const HOUR = 60 * 60_000;
const NOW = Date.parse("2030-01-31T12:00:00Z");
const NAMES = ["heddle.heddle-system.svc", "heddle.heddle-system.svc.cluster.local"];
/** As node:crypto calls the extended key usage of servers. */
const SERVER_AUTH = ["1.3.6.1.5.5.7.3.1"];

test("a CA is one, and issues certificates of servers that OpenSSL agrees with", async () => {
  const pair = await createCa("Heddle CA", { now: NOW, lifetime: 24 * HOUR });
  const ca = new X509Certificate(pair.certificate);
  expect(ca.ca).toBe(true);
  expect(ca.subject).toBe("CN=Heddle CA");
  expect(ca.checkIssued(ca) && ca.verify(ca.publicKey)).toBe(true);
  expect(ca.checkPrivateKey(createPrivateKey(pair.key))).toBe(true);
  expect(ca.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: "prime256v1" });

  const issued = await issueServerCertificate(pair, { dnsNames: NAMES, now: NOW, lifetime: HOUR });
  const leaf = new X509Certificate(issued.certificate);
  expect(leaf.checkIssued(ca) && leaf.verify(ca.publicKey)).toBe(true);
  expect(leaf.checkPrivateKey(createPrivateKey(issued.key))).toBe(true);
  expect(leaf.subjectAltName).toBe(NAMES.map((name) => `DNS:${name}`).join(", "));
  for (const name of NAMES) expect(leaf.checkHost(name)).toBe(name);
  expect(leaf.checkHost("heddle.other.svc")).toBeUndefined();
  expect(leaf.ca).toBe(false);
  expect(leaf.keyUsage).toEqual(SERVER_AUTH);
  expect(leaf.serialNumber).not.toBe(ca.serialNumber);
  expect(leaf.serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
  expect(issued.notAfter).toBe(NOW + HOUR);
  expect(leaf.validToDate.getTime()).toBe(NOW + HOUR);
  expect(leaf.validFromDate.getTime()).toBeLessThan(NOW);
});

test("OpenSSL's strict rules are kept, key usages are the ones that are needed", async () => {
  const pair = await createCa("Heddle CA", { now: Date.now(), lifetime: HOUR });
  const issued = await issueServerCertificate(pair, { dnsNames: NAMES, now: Date.now(), lifetime: HOUR });
  const folder = temporaryFolder();
  const [ca, leaf] = [join(folder, "ca.crt"), join(folder, "tls.crt")];
  writeFileSync(ca, pair.certificate);
  writeFileSync(leaf, issued.certificate);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { encoding: "utf8", timeout: 20_000 });
  const strict = ["-x509_strict", "-purpose", "sslserver", "-verify_hostname", NAMES[0]!];
  expect(openssl("verify", ...strict, "-CAfile", ca, leaf)).toBe(`${leaf}: OK\n`);
  const extensionOf = (file: string, name: string): string[] =>
    openssl("x509", "-in", file, "-noout", "-ext", name).trim().split(/\n */);
  expect(extensionOf(ca, "keyUsage")).toEqual(["X509v3 Key Usage: critical", "Certificate Sign, CRL Sign"]);
  expect(extensionOf(leaf, "keyUsage")).toEqual(["X509v3 Key Usage: critical", "Digital Signature"]);
  expect(extensionOf(ca, "basicConstraints")).toEqual(["X509v3 Basic Constraints: critical", "CA:TRUE, pathlen:0"]);
  expect(extensionOf(leaf, "basicConstraints")).toEqual(["X509v3 Basic Constraints: critical", "CA:FALSE"]);
});

test("a certificate never outlives its CA, and an expired CA issues none", async () => {
  const pair = await createCa("Heddle CA", { now: NOW, lifetime: 10 * HOUR });
  const issued = await issueServerCertificate(pair, { dnsNames: NAMES, now: NOW, lifetime: 24 * HOUR });
  expect(issued.notAfter).toBe(NOW + 10 * HOUR);
  const late = issueServerCertificate(pair, { dnsNames: NAMES, now: NOW + 10 * HOUR, lifetime: HOUR });
  await expect(late).rejects.toThrow("the CA expired at 2030-01-31T22:00:00.000Z");
});

test("a key that is none is not in the error", async () => {
  const pair = await createCa("Heddle CA", { now: NOW, lifetime: HOUR });
  const issue = issueServerCertificate({ ...pair, key: "c2VjcmV0" }, { dnsNames: NAMES, now: NOW, lifetime: HOUR });
  const error: unknown = await issue.catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "CERTIFICATE" });
  expect(inspect(error)).not.toMatch(/c2VjcmV0|secret/);
});

test("names longer than a common name may be", async () => {
  const pair = await createCa("Heddle CA", { now: NOW, lifetime: HOUR });
  const name = `${"s".repeat(63)}.${"n".repeat(63)}.svc`;
  const issued = await issueServerCertificate(pair, { dnsNames: [name], now: NOW, lifetime: HOUR });
  expect(new X509Certificate(issued.certificate).checkHost(name)).toBe(name);
});

test("clients follow a rotation by the bundle alone, and open connections live on", async () => {
  const now = Date.now();
  const issue = (authority: Awaited<ReturnType<typeof newAuthority>>) =>
    issueServerCertificate(authority.current, { dnsNames: NAMES, now, lifetime: HOUR });
  // The first one is worn by now.
  const first = await newAuthority(now - 0.7 * CA_LIFETIME);
  const announced = await rotate(first, now - PROPAGATION);
  const promoted = await rotate(announced, now);
  const sockets: TLSSocket[] = [];
  const listener = await listenTls({
    host: "127.0.0.1",
    port: 0,
    certificate: await issue(first),
    maxConnections: 10,
    onConnection: (socket) => void sockets.push(socket.on("error", () => {})),
    onRefused: () => {},
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  });
  const dial = async (ca: string): Promise<TLSSocket> => {
    const options = { host: "127.0.0.1", port: listener.port, ca, servername: NAMES[0]!, ALPNProtocols: ["h2"] };
    const socket = connect(options);
    sockets.push(socket);
    await once(socket, "secureConnect");
    return socket;
  };

  const early = await dial(trustBundle(first));
  await dial(trustBundle(announced));
  listener.setCertificate(await issue(promoted));
  await expect(dial(trustBundle(first))).rejects.toMatchObject({ code: expect.stringMatching(/UNABLE_TO|SIGNATURE/) });
  const late = await dial(trustBundle(announced));
  await dial(trustBundle(promoted));
  const issuerOf = (socket: TLSSocket) => socket.getPeerX509Certificate()!;
  expect(issuerOf(early).checkIssued(new X509Certificate(first.current.certificate))).toBe(true);
  expect(issuerOf(late).verify(new X509Certificate(promoted.current.certificate).publicKey)).toBe(true);
  expect(early.destroyed).toBe(false);
  const [server] = sockets.filter((socket) => socket.remotePort === early.localPort);
  server!.write("still here");
  expect(String((await once(early, "data"))[0])).toBe("still here");
});
