/** What the pattern of the sidecar promises: it comes and goes apart from the application, and never takes it down. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../support/until.ts";
import { runCli } from "../support/run-cli.ts";
import { appContainer, deployment, type Manifest, namespace, service } from "./support/manifests.ts";
import { ENVOY, ENVOY_NEXT } from "./support/images.ts";
import { heddleChart, installedMesh, type Mesh, type Pod, SYSTEM } from "./support/mesh.ts";
import { callMany, failures, quantile } from "./support/traffic.ts";

let mesh: Mesh;
let client: Pod;
const CHECKOUT = "http://checkout.shop/";

beforeAll(async () => {
  mesh = await installedMesh(["injector.failurePolicy=Ignore"]);
  await mesh.apply(
    namespace("plain", {}),
    service("checkout", "shop"),
    deployment({ namespace: "shop", app: "checkout" }),
    deployment({ namespace: "web", app: "client" }),
    service("plain", "plain"),
    deployment({ namespace: "plain", app: "plain" }),
    deployment({ namespace: "plain", app: "client" }),
  );
  for (const [where, name] of [
    ["shop", "checkout-v1"],
    ["web", "client-v1"],
    ["plain", "plain-v1"],
    ["plain", "client-v1"],
  ] as const)
    await mesh.rolledOut(where, name);
  client = await mesh.pod("web", "app=client");
});

afterAll(async () => {
  await mesh?.close();
});

function statusOf({ object }: Pod, container: string) {
  const { containerStatuses = [], initContainerStatuses = [] } = object.status;
  return [...containerStatuses, ...initContainerStatuses].find(({ name }) => name === container);
}

async function works(): Promise<boolean> {
  const { answers, sent } = await callMany(mesh, client, { url: CHECKOUT, count: 20, parallel: 2 });
  return answers["v1"] === sent;
}

/** A figure of Envoy's own, from the pod's health listener. */
async function envoyFigure(pod: Pod, name: string): Promise<number> {
  const text = await mesh.get(`http://${pod.address}:15021/stats/prometheus`);
  const line = text
    .split("\n")
    .find((candidate) => candidate.startsWith(`${name}{`) || candidate.startsWith(`${name} `));
  return Number(line?.slice(line.lastIndexOf(" ") + 1));
}

test("sidecars are ready soon after they start", async () => {
  const times: number[] = [];
  for (let round = 0; round < 4; round++) {
    await mesh.apply(deployment({ namespace: "shop", app: "starter", version: `v${round}`, replicas: 5 }));
    await mesh.rolledOut("shop", `starter-v${round}`);
    for (const pod of await mesh.pods("shop", `app=starter,version=v${round}`)) {
      // Envoy adds up its histograms every five seconds.
      const name = "envoy_server_initialization_time_ms_sum";
      times.push(
        await until(`${pod.name} tells`, 30_000, async () => (await envoyFigure(pod, name)) || undefined, 500),
      );
    }
    await mesh.cluster.kubectl(["delete", "deployment", `starter-v${round}`, "--namespace=shop", "--wait=false"]);
  }
  console.log(
    `from exec to ready, ms: ${times.map(Math.round).join(" ")}; p50 ${quantile(times, 0.5)}, p95 ${quantile(times, 0.95)}`,
  );
  expect(times).toHaveLength(20);
  expect(times.every((time) => time > 0)).toBe(true);
});

test("kill -9 of the sidecar: the application is not restarted, and traffic recovers by itself", async () => {
  const before = await mesh.pod("shop", "app=checkout");
  expect(await works()).toBe(true);
  await mesh.cluster.killContainer({ namespace: "shop", pod: before.name, container: "heddle-proxy" });
  const start = performance.now();
  await until("traffic flows again", 60_000, works);
  console.log(`traffic recovers ${((performance.now() - start) / 1000).toFixed(1)} s after kill -9 of the sidecar`);
  const after = await until("the sidecar is counted as restarted", 30_000, async () => {
    const pod = await mesh.pod("shop", "app=checkout");
    return statusOf(pod, "heddle-proxy")?.restartCount === 1 && pod;
  });
  expect(after.name).toBe(before.name);
  expect(statusOf(after, "app")).toMatchObject({ restartCount: 0, containerID: statusOf(before, "app")?.containerID });
});

test("a TCP probe sees the application, and not the sidecar in front of it", async () => {
  const late = `setTimeout(() => require("node:http").createServer((q, r) => r.end()).listen(8080), 6000)`;
  const container = {
    readinessProbe: { tcpSocket: { port: "web" }, periodSeconds: 1 },
    command: ["node", "-e", late],
  };
  await mesh.apply(deployment({ namespace: "shop", app: "slow", container }));
  const running = await until("the application runs", 60_000, async () => {
    const [pod] = await mesh.pods("shop", "app=slow");
    return pod && statusOf(pod, "app")?.state.running && pod;
  });
  // The sidecar is ready long since, and would accept every connection.
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const before = await mesh.pod("shop", "app=slow");
  expect([statusOf(before, "heddle-proxy")?.ready, statusOf(before, "app")?.ready]).toEqual([true, false]);
  await mesh.rolledOut("shop", "slow-v1");
  expect((await mesh.pod("shop", "app=slow")).name).toBe(running.name);
});

test("a Job with a sidecar completes", async () => {
  const container = { ...appContainer("v1"), env: [{ name: "CALL_ONCE", value: CHECKOUT }], readinessProbe: undefined };
  const job: Manifest = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: "once", namespace: "web" },
    spec: { backoffLimit: 0, template: { spec: { restartPolicy: "Never", containers: [container] } } },
  };
  await mesh.apply(job);
  const wait = ["wait", "job/once", "--namespace=web", "--for=condition=Complete", "--timeout=60s"];
  await mesh.cluster.kubectl(wait, undefined, 70_000);
  const [pod] = await mesh.pods("web", "job-name=once");
  expect(statusOf(pod!, "heddle-proxy")).toBeDefined();
  expect(await mesh.cluster.kubectl(["logs", "job/once", "--namespace=web", "--container=app"])).toContain('{"v1":1}');
});

test("a pod in a namespace without NET_ADMIN reaches the mesh without capture", async () => {
  const labels = { "heddle.dev/inject": "enabled", "pod-security.kubernetes.io/enforce": "restricted" };
  const restricted = {
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 1000,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      seccompProfile: { type: "RuntimeDefault" },
    },
  };
  await mesh.apply(namespace("strict", labels));
  await mesh.apply(
    deployment({
      namespace: "strict",
      app: "client",
      annotations: { "heddle.dev/capture": "explicit" },
      container: restricted,
    }),
  );
  await mesh.rolledOut("strict", "client-v1");
  const pod = await mesh.pod("strict", "app=client");
  expect(statusOf(pod, "heddle-capture")).toBeUndefined();
  const proxied = { url: "http://127.0.0.1:15080/", headers: { host: "checkout.shop" }, count: 20, parallel: 2 };
  expect((await callMany(mesh, pod, proxied)).answers).toEqual({ v1: 20 });
});

test("an idle sidecar stays far below its limits", async () => {
  const pod = await mesh.pod("web", "app=client");
  const before = await mesh.usage(pod, "heddle-proxy");
  await new Promise((resolve) => setTimeout(resolve, 10_000));
  const after = await mesh.usage(pod, "heddle-proxy");
  const memory = after.memoryBytes / 2 ** 20;
  const millicores = (after.cpuSeconds - before.cpuSeconds) * 100;
  console.log(
    `an idle sidecar: ${memory.toFixed(1)} MiB of 256 MiB, ${millicores.toFixed(1)} millicores of 10 requested`,
  );
  expect(memory).toBeGreaterThan(1);
  expect(memory).toBeLessThan(256);
});

test("the latency that two sidecars add is printed", async () => {
  const direct = await mesh.pod("plain", "app=client");
  const measure = async (from: Pod, url: string): Promise<readonly number[]> => {
    await callMany(mesh, from, { url, count: 300, parallel: 1 });
    const outcome = await callMany(mesh, from, { url, count: 2000, parallel: 1 });
    expect(failures(outcome)).toEqual({});
    return outcome.milliseconds;
  };
  const without = await measure(direct, "http://plain.plain/");
  const within = await measure(client, CHECKOUT);
  for (const q of [0.5, 0.99]) {
    const [a, b] = [quantile(without, q), quantile(within, q)];
    console.log(
      `p${q * 100}: ${a.toFixed(2)} ms direct, ${b.toFixed(2)} ms by two sidecars, ${(b - a).toFixed(2)} ms added`,
    );
  }
});

test("the sidecar's image is updated without the application's, and the old ones are known", async () => {
  await heddleChart(mesh.cluster, "upgrade", ["injector.failurePolicy=Ignore", `proxy.image=${ENVOY_NEXT}`]);
  const imageOf = async (): Promise<(string | undefined)[]> => {
    const pod = await mesh.pod("shop", "app=checkout");
    const images = await mesh.cluster.kubectl([
      "get",
      "pod",
      pod.name,
      "--namespace=shop",
      '--output=jsonpath={.spec.initContainers[?(@.name=="heddle-proxy")].image} {.spec.containers[0].image}',
    ]);
    return images.split(" ");
  };
  // Nothing is rolled by itself.
  const [before, app] = await imageOf();
  expect(before).toBe(ENVOY);
  const flags = ["--kubeconfig", mesh.cluster.kubeconfigPath];
  const listed = await runCli("proxy-status", ...flags);
  expect(listed.stdout).toMatch(/checkout-v1-\S+\.shop .* OUTDATED /);
  expect(listed.stderr).toContain("sidecars are OUTDATED");
  await mesh.restart("shop", "checkout-v1");
  expect(await imageOf()).toEqual([ENVOY_NEXT, app]);
  expect((await runCli("proxy-status", ...flags)).stdout).toMatch(/checkout-v1-\S+\.shop .* current /);
  await until("the new pod answers", 30_000, works);
});

test("while the control plane is away, pods start where the policy says so, and are flagged", async () => {
  const scale = (replicas: number): Promise<string> =>
    mesh.cluster.kubectl(["scale", "deployment/heddle", `--namespace=${SYSTEM}`, `--replicas=${replicas}`]);
  await scale(0);
  const gone = ["wait", "pod", `--namespace=${SYSTEM}`, "--selector=app.kubernetes.io/component=control-plane"];
  await mesh.cluster.kubectl([...gone, "--for=delete", "--timeout=60s"], undefined, 70_000);
  // failurePolicy: Ignore. The pod starts without a sidecar.
  await mesh.apply(deployment({ namespace: "web", app: "late" }));
  await mesh.rolledOut("web", "late-v1");
  const late = await mesh.pod("web", "app=late");
  expect(statusOf(late, "heddle-proxy")).toBeUndefined();

  // A pod that was injected before, with `startup: always`: its application starts, its sidecar waits.
  const offline = await injectOffline(
    deployment({ namespace: "web", app: "eager", annotations: { "heddle.dev/startup": "always" } }),
  );
  await mesh.cluster.kubectl(["apply", "--filename=-"], offline);
  const eager = await until("the application runs", 60_000, async () => {
    const [pod] = await mesh.pods("web", "app=eager");
    return pod && statusOf(pod, "app")?.state.running && pod;
  });

  // What is there goes on.
  expect(await works()).toBe(true);
  await scale(2);
  await mesh.rolledOut(SYSTEM, "heddle");
  const { stderr } = await until("both are told apart", 30_000, async () => {
    const shown = await runCli("proxy-status", "--kubeconfig", mesh.cluster.kubeconfigPath);
    return shown.stdout.includes(`${eager.name}.web`) && shown;
  });
  expect(stderr).toContain(`${late.name}.web has no sidecar although its namespace is to have them`);
});

async function injectOffline(manifest: Manifest): Promise<string> {
  const file = mesh.file("manifest.json", JSON.stringify(manifest));
  const settings = mesh.file("settings.json", JSON.stringify(mesh.injectorSettings));
  const { stdout, stderr } = await runCli("inject", "-f", file, "--settings", settings, "-o", "json");
  expect(stderr).toContain("injected");
  return stdout;
}
