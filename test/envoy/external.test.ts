/** Hosts outside of the mesh, called by way of a real sidecar. */
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { configSchema } from "../../src/control-plane/config.ts";
import { createControlPlane } from "../../src/control-plane/control-plane.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { bootstrap } from "../../src/translate/bootstrap.ts";
import { type RunningEnvoy, startEnvoy } from "../support/envoy.ts";
import { freePort } from "../support/free-port.ts";
import { type Answer, send } from "../support/policy-sidecar.ts";
import { type SelfSigned, selfSigned } from "../support/self-signed.ts";
import { until } from "../support/until.ts";

const HOSTS = ["api.example.com", "mail.example.com", "files.example.com"] as const;
type Host = (typeof HOSTS)[number];

describe.each([["1.40.0"], ["1.37.0"]])("external services by Envoy %s", (version) => {
  const closing: (() => unknown)[] = [];
  const certificates = new Map<Host, SelfSigned>();
  const tlsPorts = new Map<Host, number>();
  /** Names that clients asked the TLS servers for. */
  const asked: string[] = [];
  let folder: string;
  let envoy: RunningEnvoy;
  let outbound: number;
  let plain: number;
  let byName: number;
  let failures = 0;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "heddle-external-"));
    closing.push(() => rmSync(folder, { recursive: true, force: true }));
    outbound = await freePort();
    byName = await freePort();
    plain = await listen(
      createServer((request, response) => {
        if (request.url === "/flaky" && failures-- > 0) response.statusCode = 503;
        response.setHeader("x-by", String(request.headers["x-by"] ?? ""));
        response.end(`plain ${request.headers.host ?? ""}`);
      }),
    );
    for (const host of HOSTS) {
      const own = selfSigned(host);
      certificates.set(host, own);
      const server = createTlsServer({ cert: own.certificate, key: own.key }, (_, response) => response.end(host));
      server.on("secureConnection", (socket: TLSSocket) => void asked.push(String(socket.servername)));
      tlsPorts.set(host, await listen(server));
    }
    write("mesh", pod(outbound));
    // Two names on one port number, told by SNI; and one that nobody is behind.
    write("mail", externalService("mail", ["mail.example.com"], tlsPorts.get("mail.example.com")!, "TLS", byName));
    write("files", externalService("files", ["files.example.com"], tlsPorts.get("files.example.com")!, "TLS", byName));
    const address = "127.0.0.1:0";
    const config = configSchema.parse({ source: `dir:${folder}`, xdsAddress: address, adminAddress: address });
    const controlPlane = createControlPlane(config, { logger: createLogger("silent") });
    closing.push(() => controlPlane.stop());
    const { xdsPort } = await controlPlane.start();
    const xds = { host: "127.0.0.1", port: xdsPort };
    const text = bootstrap({ proxy: "web.shop", xds, admin: { host: "x", port: 0 } });
    envoy = await startEnvoy({ bootstrap: text, version });
    closing.push(() => envoy.stop());
  }, 60_000);

  afterAll(async () => {
    for (const end of closing.splice(0).toReversed()) await end();
  });

  function listen(server: Server): Promise<number> {
    closing.push(() => {
      server.close();
      server.closeAllConnections();
    });
    return new Promise((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
    });
  }

  function write(name: string, text: string): void {
    writeFileSync(join(folder, `${name}.yaml`), text);
  }

  const call = (path = "/"): Promise<Answer> => send(outbound, { path, headers: { host: "api.example.com" } });
  const answers = (body: string): Promise<unknown> =>
    until(`the answer ${body}`, 10_000, async () => (await call()).body === body);

  test("a host that the mesh does not know is refused, and reached by address or by name once it does", async () => {
    expect((await call()).status).toBe(502);
    write("api", api(`resolution: Static, endpoints: [127.0.0.1], ports: [{ port: 80, targetPort: ${plain} }]`));
    await answers("plain api.example.com");
    write("api", api(`resolution: DNS, endpoints: [localhost], ports: [{ port: 80, targetPort: ${plain} }]`));
    await until("resolved by name", 10_000, async () => /STRICT_DNS/.test(await envoy.configDump()));
    await answers("plain api.example.com");
  });

  test("a policy is in force for it: retries and headers", async () => {
    failures = 2;
    write(
      "policy",
      `apiVersion: heddle.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: api, namespace: shop }
spec:
  targetRefs: [{ group: heddle.dev, kind: ExternalService, name: api }]
  routes:
    - headers: { request: { set: [{ name: x-by, value: policy }] } }
      retries: { attempts: 3, onStatus: [503], backoff: { base: 1ms } }
`,
    );
    await until("the policy", 10_000, async () => (await call()).headers["x-by"] === "policy");
    expect((await call("/flaky")).status).toBe(200);
    expect(failures).toBe(-1);
    rmSync(join(folder, "policy.yaml"));
    await until("no policy", 10_000, async () => (await call()).headers["x-by"] === "");
  });

  test("TLS on the caller's behalf: the host's name is asked for and proven", async () => {
    const port = tlsPorts.get("api.example.com")!;
    const tls = (ca: string, more = ""): string =>
      `{ mode: Originate, caCertificate: ${JSON.stringify(certificates.get(ca as Host)!.certificate)}${more} }`;
    const given = `resolution: Static, endpoints: [127.0.0.1], ports: [{ port: 80, targetPort: ${port} }]`;
    asked.length = 0;
    write("api", api(`${given}, tls: ${tls("api.example.com")}`));
    await answers("api.example.com");
    expect(new Set(asked)).toEqual(new Set(["api.example.com"]));
    // Signed by nobody that is trusted.
    write("api", api(`${given}, tls: ${tls("mail.example.com")}`));
    await until("the certificate is refused", 10_000, async () => (await call()).status === 503);
    // Trusted again, and then somebody else's.
    write("api", api(`${given}, tls: ${tls("api.example.com")}`));
    await answers("api.example.com");
    write("api", api(`${given}, tls: ${tls("api.example.com", ", subjectAltNames: [other.example.com]")}`));
    await until("the name is refused", 10_000, async () => (await call()).status === 503);
    write("api", api(`${given}, tls: ${tls("api.example.com")}`));
    await answers("api.example.com");
  });

  test("TLS of the application is passed through to the host that it asks for", async () => {
    const subject = (servername: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const ca = [...certificates.values()].map(({ certificate }) => certificate);
        const socket = connect({ host: "127.0.0.1", port: byName, servername, ca, timeout: 5000 }, () => {
          resolve(socket.getPeerCertificate().subject.CN as string);
          socket.destroy();
        });
        socket.on("timeout", () => socket.destroy(new Error("timed out")));
        socket.on("error", reject);
      });
    for (let i = 0; i < 5; i++) {
      expect(await subject("mail.example.com")).toBe("mail.example.com");
      expect(await subject("files.example.com")).toBe("files.example.com");
    }
    // Of another name nothing is known.
    await expect(subject("api.example.com")).rejects.toThrow(/ECONNRESET|disconnected|socket/i);
  });

  test("nothing of all that was refused by the sidecar", async () => {
    const stats = await envoy.stats("update_rejected");
    expect(Object.values(stats).filter((count) => count > 0)).toEqual([]);
  });
});

function pod(outbound: number): string {
  return `apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
  annotations: { heddle.dev/capture: explicit, heddle.dev/outbound-http-port: "${outbound}" }
spec: { containers: [{ name: app }] }
status: { podIP: 127.0.0.9 }
`;
}

function api(spec: string): string {
  return `apiVersion: heddle.dev/v1alpha1
kind: ExternalService
metadata: { name: api, namespace: shop }
spec: { hosts: [api.example.com], ${spec} }
`;
}

function externalService(name: string, hosts: string[], targetPort: number, protocol: string, port: number): string {
  return `apiVersion: heddle.dev/v1alpha1
kind: ExternalService
metadata: { name: ${name}, namespace: shop }
spec:
  hosts: [${hosts.join()}]
  resolution: Static
  endpoints: [127.0.0.1]
  ports: [{ port: ${port}, protocol: ${protocol}, targetPort: ${targetPort} }]
`;
}
