import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cluster, startCluster } from "../support/kubernetes/cluster.ts";
import { librariesOf, packImage } from "../support/kubernetes/image.ts";
import { temporaryFolder } from "../support/temp-folder.ts";
import { until } from "../support/until.ts";

const NODE = join(import.meta.dirname, "../../node_modules/node/bin/node");
const IMAGE = "registry.local/node:1";
const SERVE = `require("node:http").createServer((q, r) => r.end(require("node:os").hostname())).listen(8080)`;

let cluster: Cluster;

beforeAll(async () => {
  const start = performance.now();
  cluster = await startCluster({ nodeLabels: { "topology.kubernetes.io/zone": "zone-a" } });
  console.log(`the cluster is ready after ${seconds(start)} s`);
}, 3_600_000);

afterAll(async () => {
  const start = performance.now();
  await cluster?.close();
  console.log(`the cluster is gone after ${seconds(start)} s`);
}, 120_000);

test("a Deployment's pods answer by the DNS name of their Service", async () => {
  const image = join(temporaryFolder(), "node.tar");
  packImage(image, {
    name: IMAGE,
    files: { "/bin/node": NODE, ...librariesOf(NODE) },
    entrypoint: ["/bin/node"],
    user: "1000:1000",
  });
  await cluster.importImage(image);

  const start = performance.now();
  await cluster.kubectl(["apply", "--filename=-"], JSON.stringify(manifests()));
  await cluster.kubectl(["rollout", "status", "deployment/echo", "--timeout=90s"], undefined, 100_000);
  console.log(`two pods are ready after ${seconds(start)} s`);

  const ask = `fetch("http://echo.default.svc.cluster.local/").then((r) => r.text()).then(console.log)`;
  const answers = new Set<string>();
  // kube-proxy hears of a ready pod at its own pace.
  await until("both pods have answered", 30_000, async () => {
    answers.add((await cluster.kubectl(["exec", "deployment/echo", "--", "/bin/node", "-e", ask])).trim());
    return answers.size === 2;
  });
  const pods = await cluster.kubectl(["get", "pods", "--output=jsonpath={.items[*].metadata.name}"]);
  expect([...answers].toSorted()).toEqual(pods.split(" ").toSorted());
});

test("the test process reaches pods by their addresses", async () => {
  const pods = await cluster.kubectl(["get", "pods", "--output=jsonpath={.items[*].status.podIP}"]);
  for (const address of pods.split(" ")) {
    const answer = await fetch(`http://${address}:8080/`, { signal: AbortSignal.timeout(5000) });
    expect(await answer.text()).toMatch(/^echo-/);
  }
});

test("a pod reaches the API server by its Service, as its service account", async () => {
  const ask = `
    const { readFileSync } = require("node:fs");
    const [ca, token] = ["ca.crt", "token"].map((f) => readFileSync("/var/run/secrets/kubernetes.io/serviceaccount/" + f));
    const headers = { authorization: "Bearer " + token };
    require("node:https").get("https://kubernetes.default.svc/api/v1/pods", { ca, headers }, (r) => r.pipe(process.stdout));`;
  const answer = await cluster.kubectl(["exec", "deployment/echo", "--", "/bin/node", "-e", ask]);
  expect(JSON.parse(answer)).toMatchObject({
    code: 403,
    message: expect.stringContaining("system:serviceaccount:default:default"),
  });
});

test("a killed container starts again, and a killed kubelet goes on with its pods", async () => {
  const restarts = (): Promise<string> =>
    cluster.kubectl(["get", "pods", "--output=jsonpath={.items[*].status.containerStatuses[0].restartCount}"]);
  const [pod = ""] = (await cluster.kubectl(["get", "pods", "--output=jsonpath={.items[*].metadata.name}"])).split(" ");
  expect(await restarts()).toBe("0 0");
  await cluster.killContainer({ namespace: "default", pod, container: "node" });
  await expect.poll(restarts, { timeout: 30_000 }).toContain("1");

  await cluster.killKubelet();
  cluster.startKubelet();
  await cluster.kubectl(["rollout", "restart", "deployment/echo"]);
  await cluster.kubectl(["rollout", "status", "deployment/echo", "--timeout=90s"], undefined, 100_000);
});

test("the API server comes back at its address, and the node is still ready", async () => {
  const { pid } = cluster.api;
  await cluster.stopApi(0);
  await cluster.startApi();
  expect(cluster.api.pid).not.toBe(pid);
  const ready = ["wait", "node", "--all", "--for=condition=Ready", "--timeout=30s"];
  expect(await cluster.kubectl(ready)).toContain("condition met");
  expect(await cluster.helm(["list", "--all-namespaces", "--output=json"])).toBe("[]\n");
});

function manifests(): object {
  const labels = { app: "echo" };
  const container = {
    name: "node",
    image: IMAGE,
    imagePullPolicy: "Never",
    args: ["-e", SERVE],
    readinessProbe: { httpGet: { path: "/", port: 8080 }, periodSeconds: 1 },
  };
  return {
    apiVersion: "v1",
    kind: "List",
    items: [
      {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: "echo" },
        spec: {
          replicas: 2,
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: { containers: [container], terminationGracePeriodSeconds: 1 },
          },
        },
      },
      {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "echo" },
        spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
      },
    ],
  };
}

function seconds(start: number): string {
  return ((performance.now() - start) / 1000).toFixed(1);
}
