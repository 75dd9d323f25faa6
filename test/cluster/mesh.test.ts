/**
 * The quickstart by Kubernetes objects: two charts, two namespaces, real pods with injected sidecars and captured connections, and
 * a policy whose status is waited for.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCli } from "../support/run-cli.ts";
import { until } from "../support/until.ts";
import { deployment, policy, service, split } from "./support/manifests.ts";
import { installedMesh, type Mesh, type Pod } from "./support/mesh.ts";
import { callMany, deviation, type Outcome } from "./support/traffic.ts";

let mesh: Mesh;
let client: Pod;
const CHECKOUT = "http://checkout.shop/";

beforeAll(async () => {
  mesh = await installedMesh();
  await mesh.apply(
    service("checkout", "shop"),
    deployment({
      namespace: "shop",
      app: "checkout",
      replicas: 2,
      // What a TCP probe would see is the sidecar: it is rewritten.
      container: { readinessProbe: { tcpSocket: { port: "web" }, periodSeconds: 1 } },
    }),
    deployment({ namespace: "shop", app: "checkout", version: "v2" }),
    deployment({ namespace: "web", app: "client" }),
  );
  for (const name of ["checkout-v1", "checkout-v2"]) await mesh.rolledOut("shop", name);
  await mesh.rolledOut("web", "client-v1");
  client = await mesh.pod("web", "app=client");
});

afterAll(async () => {
  await mesh?.close();
});

async function programmed(name = "checkout"): Promise<void> {
  const { kubectl } = mesh.cluster;
  const about = [`tp/${name}`, "--namespace=shop"];
  const generation = await kubectl(["get", ...about, "--output=jsonpath={.metadata.generation}"]);
  const observed = `--for=jsonpath={.status.observedGeneration}=${generation}`;
  await kubectl(["wait", ...about, observed, "--timeout=60s"], undefined, 70_000);
  await kubectl(["wait", ...about, "--for=condition=Programmed", "--timeout=60s"], undefined, 70_000);
}

async function call(count: number, headers: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  return callMany(mesh, client, { url: CHECKOUT, count, parallel: 8, headers });
}

async function served(pods: readonly Pod[]): Promise<number> {
  const counts = await Promise.all(pods.map((pod) => mesh.control<Record<string, number>>(pod, "/served")));
  // What the kubelet asks has the pod's address for a host.
  return counts.reduce((sum, byHost) => sum + (byHost["checkout.shop"] ?? 0), 0);
}

describe("the mesh", () => {
  test("carries requests from one namespace to the other, over all pods", async () => {
    const { bodies, answers, sent } = await call(300);
    expect((answers["v1"] ?? 0) + (answers["v2"] ?? 0)).toBe(sent);
    expect(Object.keys(bodies)).toHaveLength(3);
  });

  test("canary 90/10, then 50/50, then 0/100, each waited for by kubectl", async () => {
    for (const [v1, v2] of [
      [90, 10],
      [50, 50],
      [0, 100],
    ] as const) {
      await mesh.apply(policy("checkout", "shop", split({ v1, v2 })));
      await programmed();
      const { answers, sent } = await call(2000);
      expect((answers["v1"] ?? 0) + (answers["v2"] ?? 0)).toBe(sent);
      expect(deviation(answers["v2"], sent, v2 / 100)).toBeLessThan(4);
    }
  });

  test("status counts every sidecar", async () => {
    const shown = await mesh.cluster.kubectl(["get", "tp", "checkout", "--namespace=shop", "--output=json"]);
    const { status } = JSON.parse(shown) as { status: { proxies: object } };
    expect(status.proxies).toEqual({ matched: 4, synced: 4, stale: 0, rejected: 0, summary: "4/4" });
  });

  test("mirrors every request, and no answer of the mirror reaches the caller", async () => {
    await mesh.apply(policy("checkout", "shop", split({ v1: 100 }, { mirror: [{ subset: "v2", percent: 100 }] })));
    await programmed();
    const mirrors = await mesh.pods("shop", "app=checkout,version=v2");
    for (const pod of mirrors) await mesh.control(pod, "/forget");
    const { answers, sent } = await call(500);
    expect(answers).toEqual({ v1: sent });
    await until("every request arrives at the mirror", 10_000, async () => (await served(mirrors)) === sent);
  });

  test("ejects a pod that fails, and takes it back", async () => {
    await mesh.apply(
      policy("checkout", "shop", {
        ...split({ v1: 100 }),
        outlierDetection: { consecutive5xx: 3, interval: "1s", baseEjectionTime: "5s", maxEjectionPercent: 50 },
      }),
    );
    await programmed();
    const [sick] = await mesh.pods("shop", "app=checkout,version=v1");
    await mesh.control(sick!, "/fail", { failing: true });
    await until("only the other one answers", 30_000, async () => {
      const { answers, bodies } = await call(100);
      return answers["503"] === undefined && Object.keys(bodies).length === 1;
    });
    await mesh.control(sick!, "/fail", { failing: false });
    await until("both answer again", 60_000, async () => Object.keys((await call(100)).bodies).length === 2);
  });

  test("bad input is refused by the API server, with the field and the reason", async () => {
    const bad = policy("checkout", "shop", { routes: [{ split: [{ subset: "v1", weight: -1 }] }] });
    await expect(mesh.apply(bad)).rejects.toThrow(/spec\.routes\[0\]\.split\[0\]\.weight/);
  });
});

describe("the command line", () => {
  const flags = (): string[] => ["--kubeconfig", mesh.cluster.kubeconfigPath];

  test("check finds the installation well", async () => {
    const { code, stdout } = await runCli("check", ...flags());
    expect(stdout).not.toContain("×");
    expect(stdout).toContain("√ the control plane is ready (2 replicas)");
    expect(stdout).toContain("√ the API server trusts the injector");
    expect(code).toBe(0);
  });

  test("proxy-status lists the sidecars of all replicas", async () => {
    const { stdout, stderr } = await runCli("proxy-status", ...flags());
    const lines = stdout.trim().split("\n");
    expect(lines[0]?.split(/\s+/)).toEqual(["NAME", "CDS", "EDS", "LDS", "RDS", "SIDECAR", "PROTOCOL", "ENVOY"]);
    expect(lines).toHaveLength(5);
    for (const line of lines.slice(1))
      expect(line).toMatch(/ SYNCED +SYNCED +SYNCED +SYNCED +current +delta +1\.40\.0$/);
    expect(stderr).toBe("");
  });

  test("describe says what a policy, a service and a pod are", async () => {
    const about = await runCli("describe", "policy", "checkout", "-n", "shop", ...flags());
    expect(about.stdout).toMatch(/v1\s+version=v1\s+2 of 2 ready/);
    expect(about.stdout).toMatch(/Programmed\s+True/);
    const of = await runCli("describe", "service", "checkout", "-n", "shop", ...flags());
    expect(of.stdout).toContain("Policy:       shop/checkout");
    const pod = await runCli("describe", "pod", client.name, "-n", "web", ...flags());
    expect(pod.stdout).toMatch(/Sidecar:\s+injected \(template [0-9a-f]{16}\)/);
  });
});
