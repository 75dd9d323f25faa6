/**
 * Transparent capture for real: applications and sidecars in network namespaces, iptables rules, and the control plane reading a
 * folder of manifests.
 */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { captureRules, DEFAULT_CAPTURE } from "../../src/inject/iptables.ts";
import { bootstrap } from "../../src/translate/bootstrap.ts";
import { type RunningEnvoy, startEnvoy } from "../support/envoy.ts";
import type { Answer, Call } from "../support/net-client.ts";
import { createNet, type TestNet } from "../support/netns.ts";
import { until } from "../support/until.ts";

const root = resolve(import.meta.dirname, "../..");
const XDS = { host: "10.77.0.2", port: 18_000 };
const HOSTS = { control: XDS.host, web: "10.77.0.10", checkout: "10.77.0.11", db: "10.77.0.12", outside: "10.77.0.20" };
const SIDECARS = ["web", "checkout", "db"] as const;

let net: TestNet;
let folder: string;
const envoys = new Map<string, RunningEnvoy>();

function call(from: string, what: Call): Answer {
  const client = join(root, "test/support/net-client.ts");
  // As an ordinary user: the rules tell the sidecar from its application by user.
  const as = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
  return JSON.parse(net.host(from).run([...as, process.execPath, client, JSON.stringify(what)])) as Answer;
}

function http(
  from: string,
  address: string,
  port: number,
  host?: string,
): Answer & { readonly app?: string; readonly from?: string } {
  const answer = call(from, { kind: "http", address, port, ...(host === undefined ? {} : { host }) });
  return { ...answer, ...(answer.body?.startsWith("{") ? (JSON.parse(answer.body) as object) : {}) };
}

/** How much a statistic of a sidecar grows while something is done. */
async function growth(sidecar: string, filter: string, doing: () => void): Promise<number> {
  const envoy = envoys.get(sidecar)!;
  const sum = async (): Promise<number> => Object.values(await envoy.stats(filter)).reduce((a, b) => a + b, 0);
  const before = await sum();
  doing();
  // Statistics of the worker reach the admin interface a little later.
  await new Promise((r) => setTimeout(r, 100));
  return (await sum()) - before;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "heddle-capture-"));
  cpSync(join(import.meta.dirname, "capture-manifests"), folder, { recursive: true });
  net = createNet(HOSTS);
  const node = [process.execPath, "--disable-warning=ExperimentalWarning"];
  const app = (name: string, ...services: string[]): unknown =>
    net.host(name).start([...node, join(root, "test/support/net-app.ts"), name, ...services]);
  app("web", "http:8080");
  app("checkout", "http:8080", "http:7777", "greet:7778");
  app("db", "echo:5432", "greet:3306", "echo:9000", "http:9443", "udp:7000");
  app("outside", "http:8080", "http:80", "echo:8081");
  const serve = ["serve", "--source", `dir:${folder}`, "--log-level", "warn", "--admin-address", "127.0.0.1:18001"];
  net
    .host("control")
    .start([...node, join(root, "src/cli/main.ts"), ...serve, "--xds-address", `${XDS.host}:${XDS.port}`]);
  for (const name of SIDECARS) net.host(name).run(["iptables-restore"], captureRules({ ...DEFAULT_CAPTURE }));
  await Promise.all(
    SIDECARS.map(async (name) => {
      const text = bootstrap({ proxy: `${name}.shop`, xds: XDS, admin: { host: "127.0.0.1", port: 0 } });
      // Everything is counted here: the tests read what the narrow matcher leaves out.
      const { stats_config: _, ...all } = text;
      envoys.set(name, await startEnvoy({ bootstrap: all, wrapper: net.host(name).enter, uid: DEFAULT_CAPTURE.uid }));
    }),
  );
  await until("the applications listen", 10_000, () => http("web", "10.96.0.1", 80, "checkout").status === 200);
});

afterAll(async () => {
  await Promise.all([...envoys.values()].map((envoy) => envoy.stop()));
  await net?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("HTTP", () => {
  test("a call to a service address goes through both sidecars", async () => {
    let answer: Answer & { readonly app?: string } = {};
    const out = await growth("web", "cluster.outbound.80..checkout.*upstream_rq_total$", () => {
      answer = http("web", "10.96.0.1", 80, "checkout");
    });
    expect(answer).toMatchObject({ status: 200, app: "checkout" });
    expect(out).toBe(1);
    const inbound = await growth("checkout", "http.inbound.8080...downstream_rq_total$", () =>
      http("web", "10.96.0.1", 80, "checkout"),
    );
    expect(inbound).toBe(1);
  });

  test.each([
    "checkout",
    "checkout.shop",
    "checkout.shop.svc",
    "checkout.shop.svc.cluster.local",
    "checkout.shop.svc.cluster.local.",
    "10.96.0.1",
    "checkout:80",
    "checkout:12345",
  ])("host %s means the service", (host) =>
    expect(http("web", "10.96.0.1", 80, host)).toMatchObject({ status: 200, app: "checkout" }),
  );

  test("the application sees the host that was asked for, and its own sidecar as the caller", () => {
    expect(http("web", "10.96.0.1", 80, "checkout.shop")).toMatchObject({ host: "checkout.shop", from: "127.0.0.6" });
  });

  test("a caller without a sidecar is captured on the way in", async () => {
    const inbound = await growth("checkout", "http.inbound.8080...downstream_rq_total$", () => {
      expect(http("outside", HOSTS.checkout, 8080)).toMatchObject({ status: 200, app: "checkout" });
    });
    expect(inbound).toBe(1);
  });
});

describe("TCP", () => {
  test("a call to a service address", async () => {
    const out = await growth("web", "cluster.outbound.5432..db.*upstream_cx_total$", () => {
      expect(call("web", { kind: "tcp", address: "10.96.0.2", port: 5432, send: "hello" })).toEqual({
        text: "db: hello",
      });
    });
    expect(out).toBe(1);
  });

  test("a server that speaks first", () => {
    expect(call("web", { kind: "tcp", address: "10.96.0.2", port: 3306 })).toEqual({ text: "db greets\n" });
  });
});

describe("UDP", () => {
  const ask = { kind: "udp", send: "hello" } as const;
  const sessions = "udp.outbound.7000.udp..game.*downstream_sess_total$";

  test("a port that the pod names leads through the sidecar", async () => {
    const out = await growth("web", sessions, () => {
      expect(call("web", { ...ask, address: "127.0.0.1", port: 7001 })).toEqual({ text: "db: hello" });
    });
    expect(out).toBe(1);
  });

  test("everything else goes past it", async () => {
    const out = await growth("web", sessions, () => {
      expect(call("web", { ...ask, address: HOSTS.db, port: 7000 })).toEqual({ text: "db: hello" });
    });
    expect(out).toBe(0);
  });
});

describe("undeclared ports", () => {
  test("HTTP is found out", async () => {
    const out = await growth("web", "http.outbound_odd.*downstream_rq_total", () => {
      expect(http("web", "10.96.0.3", 7777)).toMatchObject({ status: 200, app: "checkout" });
    });
    expect(out).toBe(1);
  });

  test("a server that speaks first is waited for no longer than the detection timeout, on both sides", () => {
    expect(call("web", { kind: "tcp", address: "10.96.0.3", port: 7778 })).toEqual({ text: "checkout greets\n" });
  });
});

describe("one port number, two protocols", () => {
  test("HTTP to one service and TCP to the other", () => {
    expect(http("web", "10.96.0.4", 9000, "shared-http")).toMatchObject({ status: 200, app: "checkout" });
    expect(call("web", { kind: "tcp", address: "10.96.0.5", port: 9000, send: "x" })).toEqual({ text: "db: x" });
  });
});

describe("self-calls", () => {
  test("by the service's name: out and in again through the sidecar", async () => {
    const inbound = await growth("checkout", "http.inbound.8080...downstream_rq_total$", () => {
      expect(http("checkout", "10.96.0.1", 80, "checkout")).toMatchObject({ status: 200, app: "checkout" });
    });
    expect(inbound).toBe(1);
  });

  test.each([
    ["localhost", "127.0.0.1"],
    ["its own address", HOSTS.checkout],
  ])("by %s: past the sidecar", async (_, address) => {
    const inbound = await growth("checkout", "http.inbound.8080...downstream_rq_total$", () => {
      expect(http("checkout", address, 8080)).toMatchObject({ status: 200, app: "checkout" });
    });
    expect(inbound).toBe(0);
  });
});

describe("passthrough", () => {
  test("a direct call to a pod's address", async () => {
    const through = await growth("web", "cluster.PassthroughCluster.upstream_cx_total$", () => {
      expect(http("web", HOSTS.checkout, 8080)).toMatchObject({ status: 200, app: "checkout" });
    });
    expect(through).toBe(1);
  });

  test("an unknown host on a port that no service has", () => {
    expect(http("web", HOSTS.outside, 8080, "example.org")).toMatchObject({ status: 200, app: "outside" });
  });

  test("an unknown host on a port that a service speaks HTTP on", () => {
    expect(http("web", HOSTS.outside, 80, "example.org")).toMatchObject({ status: 200, app: "outside" });
  });

  test("TCP to an unknown address", () => {
    expect(call("web", { kind: "tcp", address: HOSTS.outside, port: 8081, send: "x" })).toEqual({ text: "outside: x" });
  });

  test("a port of a pod that no service declares", async () => {
    const through = await growth("db", "cluster.InboundPassthroughCluster.upstream_cx_total$", () => {
      expect(http("outside", HOSTS.db, 9443)).toMatchObject({ status: 200, app: "db" });
    });
    expect(through).toBe(1);
  });
});

describe("egress of a namespace", () => {
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  const unknown = () => http("web", HOSTS.outside, 80, "example.org");
  const raw = () => call("web", { kind: "tcp", address: HOSTS.outside, port: 8081, send: "x" });

  test("may be closed: what the mesh does not know is refused, and what it knows is not", async () => {
    expect([unknown().status, raw().text]).toEqual([200, "outside: x"]);
    write(
      "namespace.yaml",
      `apiVersion: v1
kind: Namespace
metadata: { name: shop, annotations: { heddle.dev/outbound-policy: registry-only } }
`,
    );
    await until("hosts that nobody knows are refused", 10_000, () => unknown().status === 502);
    await until("addresses that nobody knows are refused", 10_000, () => raw().error !== undefined);
    expect(http("web", "10.96.0.1", 80, "checkout")).toMatchObject({ status: 200, app: "checkout" });
    expect(call("web", { kind: "tcp", address: "10.96.0.2", port: 3306 })).toEqual({ text: "db greets\n" });
  });

  test("what an ExternalService says is known", async () => {
    const named = () => http("web", HOSTS.outside, 8080, "partner.example");
    expect(named().status).not.toBe(200);
    write(
      "external.yaml",
      `apiVersion: heddle.dev/v1alpha1
kind: ExternalService
metadata: { name: partner, namespace: shop }
spec:
  hosts: [partner.example]
  resolution: Static
  endpoints: [${HOSTS.outside}]
  ports: [{ port: 8080 }, { port: 8081, protocol: TCP }]
`,
    );
    await until("the host is known", 10_000, () => named().status === 200);
    await until("its address is", 10_000, () => raw().text === "outside: x");
    expect(http("web", HOSTS.outside, 8080, "example.org").status).toBe(502);
  });

  test("is open again when nothing says otherwise", async () => {
    rmSync(join(folder, "external.yaml"));
    rmSync(join(folder, "namespace.yaml"));
    await until("hosts that nobody knows are passed through", 10_000, () => unknown().status === 200);
    await until("and addresses", 10_000, () => raw().text === "outside: x");
  });
});

test.each([15_001, 15_006])("the capture port %i itself leads nowhere", (port) => {
  expect(
    call("outside", { kind: "tcp", address: HOSTS.checkout, port, send: "GET / HTTP/1.1\r\n\r\n" }).error,
  ).toBeDefined();
});
