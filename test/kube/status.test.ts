/** What policies say of themselves, over two replicas and with sidecars that accept, refuse and stay away. */
import { credentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectDelta, type FakeEnvoy, type FakeEnvoyOptions } from "../support/fake-envoy.ts";
import { loadWire } from "../support/fake-envoy-wire.ts";
import { type ApiServer, startApiServer } from "../support/kubernetes/api-server.ts";
import {
  createPod,
  prepare,
  type RunningControlPlane,
  startControlPlane,
  trustBundle,
} from "../support/kubernetes/control-plane.ts";
import { runCli } from "../support/run-cli.ts";
import { until } from "../support/until.ts";

const wire = loadWire();
let api: ApiServer;
let replicas: RunningControlPlane[] = [];
let ca: string;
const sidecars: FakeEnvoy[] = [];

beforeAll(async () => {
  api = await startApiServer();
  await prepare(api);
  await api.kubectl(["create", "namespace", "shop"]);
  await api.kubectl(["create", "serviceaccount", "default", "--namespace=shop"]);
  await apply(service("checkout"), slice("checkout", [["checkout-v1", "10.1.0.1"]]), service("empty"), service("cart"));
  replicas = await Promise.all([
    startControlPlane(api, { replica: "heddle-a" }),
    startControlPlane(api, { replica: "heddle-b" }),
  ]);
  ca = await trustBundle(api);
}, 2_700_000);

afterAll(async () => {
  for (const sidecar of sidecars) sidecar.destroy();
  for (const replica of replicas) await replica.stop();
  await api?.close();
}, 60_000);

function service(name: string): object {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace: "shop" },
    spec: { selector: { app: name }, ports: [{ name: "http", port: 80, targetPort: 8080 }] },
  };
}

function slice(name: string, pods: readonly (readonly [string, string])[]): object {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: `${name}-1`, namespace: "shop", labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    ports: [{ name: "http", port: 8080 }],
    endpoints: pods.map(([pod, address]) => ({
      addresses: [address],
      conditions: { ready: true },
      targetRef: { kind: "Pod", name: pod, namespace: "shop" },
    })),
  };
}

function policy(name: string, target: string, version = "v1", timeout = "2s"): object {
  return {
    apiVersion: "heddle.dev/v1alpha1",
    kind: "TrafficPolicy",
    metadata: { name, namespace: "shop" },
    spec: {
      targetRefs: [{ kind: "Service", name: target }],
      subsets: [{ name: "stable", labels: { version } }],
      routes: [{ split: [{ subset: "stable" }], timeout }],
    },
  };
}

async function apply(...items: readonly object[]): Promise<void> {
  await api.kubectl(
    ["apply", "--server-side", "--filename=-"],
    JSON.stringify({ apiVersion: "v1", kind: "List", items }),
  );
}

interface Shown {
  readonly metadata: { readonly generation: number; readonly resourceVersion: string };
  readonly status?: {
    readonly observedGeneration: number;
    readonly conditions: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
      readonly message: string;
    }[];
    readonly proxies: Readonly<Record<string, unknown>>;
    readonly rejections?: readonly { readonly proxy: string; readonly reason: string }[];
  };
}

async function show(name: string): Promise<Shown> {
  return JSON.parse(await api.kubectl(["get", "tp", name, "--namespace=shop", "--output=json"])) as Shown;
}

async function reasons(name: string): Promise<Record<string, string>> {
  const { metadata, status } = await show(name);
  if (status?.observedGeneration !== metadata.generation) return {};
  return Object.fromEntries(status.conditions.map(({ type, status: is, reason }) => [type, `${is}/${reason}`]));
}

function wait(name: string, condition: string): Promise<string> {
  return api.kubectl(
    ["wait", `tp/${name}`, "--namespace=shop", `--for=${condition}`, "--timeout=30s"],
    undefined,
    40_000,
  );
}

/** A sidecar that accepts what it is sent, connected to a replica. */
async function connect(
  pod: { readonly name: string; readonly uid: string },
  replica: number,
  options: Partial<FakeEnvoyOptions> = {},
): Promise<FakeEnvoy> {
  const token = await api.tokenFor({ namespace: "shop", serviceAccount: "default", audience: "heddle", pod });
  const sidecar = connectDelta({
    wire,
    port: replicas[replica]!.xdsPort,
    nodeId: `${pod.name}.shop`,
    mode: "envoy",
    credentials: credentials.createSsl(Buffer.from(ca)),
    serverName: "heddle.heddle-system.svc",
    authorization: () => `Bearer ${token}`,
    ...options,
  });
  sidecars.push(sidecar);
  sidecar.subscribe("type.googleapis.com/envoy.config.cluster.v3.Cluster");
  sidecar.subscribe("type.googleapis.com/envoy.config.listener.v3.Listener");
  return sidecar;
}

test("Programmed: every sidecar of every replica runs this generation", async () => {
  const pods = [
    await createPod(api, {
      namespace: "shop",
      name: "checkout-v1",
      address: "10.1.0.1",
      labels: { app: "checkout", version: "v1" },
    }),
    await createPod(api, { namespace: "shop", name: "web", address: "10.1.0.2" }),
    await createPod(api, { namespace: "shop", name: "api", address: "10.1.0.3" }),
  ];
  await connect(pods[0]!, 0);
  await connect(pods[1]!, 1);
  await apply(policy("checkout", "checkout"));
  // One sidecar that should be there is not.
  await until("two of three run it", 30_000, async () => (await show("checkout")).status?.proxies["summary"] === "2/3");
  expect(await reasons("checkout")).toEqual({
    Accepted: "True/Accepted",
    ResolvedRefs: "True/ResolvedRefs",
    Programmed: "False/Reconciling",
  });
  await connect(pods[2]!, 0);
  await wait("checkout", "condition=Programmed");
  const { status } = await show("checkout");
  expect(status?.proxies).toEqual({ matched: 3, synced: 3, stale: 0, rejected: 0, summary: "3/3" });

  // A new generation has to be taken again, by all.
  for (const timeout of ["3s", "4s", "5s"]) {
    await apply(policy("checkout", "checkout", "v1", timeout));
    const { metadata } = await show("checkout");
    await wait("checkout", `jsonpath={.status.observedGeneration}=${metadata.generation}`);
    await wait("checkout", "condition=Programmed");
    for (const sidecar of sidecars) expect(routeOf(sidecar)).toMatch(`"timeout":{"seconds":${timeout.slice(0, 1)},`);
  }
}, 120_000);

/** The routes to checkout, as the sidecar has them. */
function routeOf(sidecar: FakeEnvoy): string {
  const table = sidecar.decoded("type.googleapis.com/envoy.config.route.v3.RouteConfiguration", "80");
  const hosts = (table?.["virtualHosts"] ?? table?.["virtual_hosts"] ?? []) as readonly { readonly name: string }[];
  return JSON.stringify(hosts.find(({ name }) => name.startsWith("checkout.")));
}

test("status is written when it changes, and not otherwise", async () => {
  await wait("checkout", "condition=Programmed");
  const { resourceVersion } = (await show("checkout")).metadata;
  // Something else changes, and reaches the sidecars.
  await apply(slice("cart", [["web", "10.1.0.2"]]));
  const written = (): Promise<number>[] => replicas.map((replica) => replica.metric("heddle_status_writes_total"));
  const before = await Promise.all(written());
  await until("the sidecars have it", 20_000, () =>
    sidecars.every((sidecar) =>
      JSON.stringify(
        sidecar.decoded("type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment", "outbound|80||cart.shop"),
      )?.includes("10.1.0.2"),
    ),
  );
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect((await show("checkout")).metadata.resourceVersion).toBe(resourceVersion);
  expect(await Promise.all(written())).toEqual(before);
}, 60_000);

test("two policies on one service: the younger one says who was first", async () => {
  await apply(policy("checkout-too", "checkout"));
  await wait("checkout-too", "condition=Accepted=false");
  expect(await reasons("checkout-too")).toMatchObject({
    Accepted: "False/Conflicted",
    Programmed: "False/NotAccepted",
  });
  const { status } = await show("checkout-too");
  expect(status?.conditions[0]?.message).toContain("Service shop/checkout has TrafficPolicy shop/checkout already");
  expect((await reasons("checkout"))["Accepted"]).toBe("True/Accepted");
  // The same words by describe.
  const described = await runCli(
    "describe",
    "policy",
    "checkout-too",
    "-n",
    "shop",
    "--kubeconfig",
    api.kubeconfigPath,
  );
  expect(described.stdout).toContain("Service shop/checkout has TrafficPolicy shop/checkout already");
  expect(described.stdout).toMatch(/Accepted\s+False\s+Conflicted/);
  await api.kubectl(["delete", "tp", "checkout-too", "--namespace=shop"]);
}, 60_000);

test("a subset that matches nothing, a service without endpoints, and a service that is missing", async () => {
  await apply(policy("empty", "empty"), policy("cart", "cart", "v9"), policy("lost", "lost"));
  for (const [name, expected] of [
    ["empty", { Accepted: "True/Accepted", ResolvedRefs: "False/EmptySubset" }],
    ["cart", { Accepted: "True/Accepted", ResolvedRefs: "False/EmptySubset" }],
    ["lost", { Accepted: "False/TargetNotFound", ResolvedRefs: "False/ServiceNotFound" }],
  ] as const) {
    await until(name, 20_000, async () => Object.keys(await reasons(name)).length > 0);
    expect(await reasons(name)).toMatchObject(expected);
  }
  const described = await runCli("describe", "service", "empty", "-n", "shop", "--kubeconfig", api.kubeconfigPath);
  expect(described.stdout).toContain("Endpoints (0 of 0 ready)");
  expect(described.stdout).toContain("callers get 503 until a pod is ready");
  await api.kubectl(["delete", "tp", "empty", "cart", "lost", "--namespace=shop"]);
}, 60_000);

test("a sidecar that refuses shows in the counts, with its reason, and the others are programmed", async () => {
  const pod = await createPod(api, { namespace: "shop", name: "picky", address: "10.1.0.9" });
  await connect(pod, 1, {
    judge: ({ resources }) =>
      resources.some(({ name }) => name.includes("|stable|checkout"))
        ? "Error adding/updating cluster(s) outbound|80|stable|checkout.shop: it is picky"
        : undefined,
  });
  await until("it is counted", 30_000, async () => (await show("checkout")).status?.proxies["rejected"] === 1);
  expect((await reasons("checkout"))["Programmed"]).toBe("False/PartiallyProgrammed");
  const { status } = await show("checkout");
  expect(status?.proxies).toMatchObject({ matched: 4, synced: 3, rejected: 1, summary: "3/4" });
  expect(status?.rejections).toEqual([
    { proxy: "picky.shop", reason: expect.stringContaining("it is picky") as string },
  ]);
}, 60_000);

test("the table of kubectl get shows what matters", async () => {
  const table = await api.kubectl(["get", "tp", "--namespace=shop"]);
  expect(table.split("\n")[0]?.split(/\s+/)).toEqual(["NAME", "ACCEPTED", "PROGRAMMED", "PROXIES", "AGE"]);
  expect(table).toMatch(/checkout\s+True\s+False\s+3\/4/);
});

test("another replica goes on with the status when the leader leaves", async () => {
  const leading = await Promise.all(replicas.map((replica) => replica.metric("heddle_leading")));
  expect(leading.reduce((sum, one) => sum + one, 0)).toBe(1);
  const leader = leading.indexOf(1);
  const before = (await show("checkout")).status?.conditions.find(({ type }) => type === "Accepted");
  await replicas[leader]!.stop();
  replicas.splice(leader, 1);
  await apply(policy("checkout", "checkout", "v1", "9s"));
  const { metadata } = await show("checkout");
  await wait("checkout", `jsonpath={.status.observedGeneration}=${metadata.generation}`);
  // The time of the last transition is the old one: nothing has become true or false.
  const after = (await show("checkout")).status?.conditions.find(({ type }) => type === "Accepted");
  expect(after).toEqual({ ...before, observedGeneration: metadata.generation });
}, 60_000);
