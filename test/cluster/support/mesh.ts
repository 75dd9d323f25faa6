/** A cluster with Heddle installed by its charts, and two namespaces of applications with injected sidecars. */
import { join, resolve } from "node:path";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { type Cluster, startCluster } from "../../support/kubernetes/cluster.ts";
import { until } from "../../support/until.ts";
import { ENVOY, HEDDLE, makeImages } from "./images.ts";
import { type Manifest, namespace } from "./manifests.ts";

export const SYSTEM = "heddle-system";

const root = resolve(import.meta.dirname, "../../..");

export interface Mesh {
  readonly cluster: Cluster;
  apply(...manifests: readonly Manifest[]): Promise<void>;
  /** The first pod with these labels that is not ending. */
  pod(namespace: string, selector: string): Promise<Pod>;
  pods(namespace: string, selector: string): Promise<readonly Pod[]>;
  /** Asks the test application of a pod to do something, past the API server. */
  control<T = unknown>(pod: Pod, path: string, body?: unknown): Promise<T>;
  /** What a URL answers, within the node's network. */
  get(url: string): Promise<string>;
  /** CPU time that a container has used, and the memory of its working set. */
  usage(pod: Pod, container: string): Promise<Usage>;
  /** A file that goes with the mesh. */
  file(name: string, text: string): string;
  /** As the chart gives them to the injector. */
  readonly injectorSettings: object;
  rolledOut(namespace: string, deployment: string): Promise<void>;
  restart(namespace: string, deployment: string): Promise<void>;
  close(): Promise<void>;
}

export interface Pod {
  readonly name: string;
  readonly namespace: string;
  readonly address: string;
  readonly node: string;
  /** As the API server has it. */
  readonly object: PodObject;
}

interface PodObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly deletionTimestamp?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly labels?: Readonly<Record<string, string>>;
    readonly creationTimestamp: string;
  };
  readonly spec: { readonly nodeName: string; readonly containers: readonly { readonly image: string }[] };
  readonly status: {
    readonly phase: string;
    readonly podIP?: string;
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
}

interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly imageID: string;
  readonly containerID?: string;
  readonly state: { readonly running?: { readonly startedAt: string } };
}

/** Starts a cluster with all images, and nothing of Heddle in it. */
export async function startWithImages(): Promise<Mesh> {
  const cluster = await startCluster({ nodeLabels: { "topology.kubernetes.io/zone": "zone-a" } });
  const work = mkdtempSync(join(tmpdir(), "heddle-images-"));
  try {
    for (const image of await makeImages(work)) await cluster.importImage(image);
  } catch (error) {
    await cluster.close();
    throw error;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return meshOf(cluster);
}

/** Starts a cluster with Heddle in it, ready to inject. */
export async function installedMesh(values: readonly string[] = []): Promise<Mesh> {
  const mesh = await startWithImages();
  try {
    await installHeddle(mesh.cluster, values);
    await mesh.apply(namespace("shop"), namespace("web"));
  } catch (error) {
    await mesh.close();
    throw error;
  }
  return mesh;
}

/** What the charts are given here: images that are on the node already. */
const VALUES = [
  "image.repository=registry.local/heddle",
  "image.tag=test",
  "image.pullPolicy=Never",
  `proxy.image=${ENVOY}`,
  "proxy.imagePullPolicy=Never",
];

/** `helm install` of both charts, as the README has it. */
export async function installHeddle(cluster: Cluster, values: readonly string[] = []): Promise<void> {
  await cluster.helm(["install", "heddle-crds", join(root, "charts/heddle-crds")]);
  await heddleChart(cluster, "install", values);
}

export async function heddleChart(
  cluster: Cluster,
  verb: "install" | "upgrade",
  values: readonly string[] = [],
): Promise<void> {
  const settings = [...VALUES, ...values].flatMap((value) => ["--set", value]);
  const where = ["--namespace", SYSTEM, "--create-namespace", "--wait", "--timeout", "120s"];
  await cluster.helm([verb, "heddle", join(root, "charts/heddle"), ...where, ...settings], undefined, 150_000);
  // A replica that ends goes on serving for a moment, with the settings that it was started with.
  await until("no replica is ending", 60_000, async () => {
    const selector = "--selector=app.kubernetes.io/component=control-plane";
    const ending = "--output=jsonpath={.items[*].metadata.deletionTimestamp}";
    return (await cluster.kubectl(["get", "pods", `--namespace=${SYSTEM}`, selector, ending])) === "";
  });
  // The injector has to be trusted before the first pod is made.
  await until("the API server trusts the injector", 30_000, async () => {
    const path = "--output=jsonpath={.webhooks[*].clientConfig.caBundle}";
    return (await cluster.kubectl(["get", "mutatingwebhookconfiguration", "heddle", path])) !== "";
  });
}

function meshOf(cluster: Cluster): Mesh {
  const { kubectl } = cluster;
  const work = mkdtempSync(join(tmpdir(), "heddle-mesh-"));

  async function containerId({ namespace: where, name }: Pod, container: string): Promise<string> {
    const text = await kubectl(["get", "pod", name, `--namespace=${where}`, "--output=json"]);
    const { containerStatuses = [], initContainerStatuses = [] } = (JSON.parse(text) as PodObject).status;
    const found = [...containerStatuses, ...initContainerStatuses].find((status) => status.name === container);
    return (found?.containerID ?? "").replace("containerd://", "");
  }

  async function pods(where: string, selector: string): Promise<readonly Pod[]> {
    const text = await kubectl(["get", "pods", `--namespace=${where}`, `--selector=${selector}`, "--output=json"]);
    const { items } = JSON.parse(text) as { readonly items: readonly PodObject[] };
    return items
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map((object) => ({
        name: object.metadata.name,
        namespace: object.metadata.namespace,
        address: object.status.podIP ?? "",
        node: object.spec.nodeName,
        object,
      }));
  }

  async function rolledOut(where: string, deployment: string): Promise<void> {
    const args = ["rollout", "status", `deployment/${deployment}`, `--namespace=${where}`, "--timeout=120s"];
    await kubectl(args, undefined, 130_000);
  }

  return {
    cluster,
    async apply(...manifests) {
      await kubectl(["apply", "--filename=-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: manifests }));
    },
    pods,
    async pod(where, selector) {
      const [first] = await pods(where, selector);
      if (!first) throw new Error(`no pod in ${where} has ${selector}`);
      return first;
    },
    control: async <T>({ address }: Pod, path: string, body: unknown = {}) =>
      JSON.parse(await fetchText(`http://${address}:9000${path}`, JSON.stringify(body))) as T,
    get: (url) => fetchText(url),
    async usage(pod, container) {
      const id = await containerId(pod, container);
      return usageOf(JSON.parse(await cluster.ctr(["tasks", "metrics", "--format=json", id])));
    },
    file(name, text) {
      const path = join(work, name);
      writeFileSync(path, text);
      return path;
    },
    injectorSettings: {
      proxy: { image: ENVOY, imagePullPolicy: "Never" },
      capture: { image: HEDDLE, imagePullPolicy: "Never" },
    },
    rolledOut,
    async restart(where, deployment) {
      await kubectl(["rollout", "restart", `deployment/${deployment}`, `--namespace=${where}`]);
      await rolledOut(where, deployment);
    },
    async close() {
      rmSync(work, { recursive: true, force: true });
      await cluster.close();
    },
  };
}

const LIMIT = 120_000;

/** Pods are reached by their addresses. */
async function fetchText(url: string, body?: string): Promise<string> {
  const answer = await fetch(url, {
    signal: AbortSignal.timeout(LIMIT),
    ...(body !== undefined && { method: "POST", body }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${text.slice(0, 500)}`);
  return text;
}

interface Usage {
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
}

/** From what containerd says of a task, whichever version of cgroups it is. */
function usageOf(metrics: unknown): Usage {
  const { cpu, memory } = metrics as {
    readonly cpu: { readonly usage?: { readonly total: number }; readonly usage_usec?: number };
    readonly memory: {
      readonly usage: number | { readonly usage: number };
      readonly total_inactive_file?: number;
      readonly inactive_file?: number;
    };
  };
  const used = typeof memory.usage === "number" ? memory.usage : memory.usage.usage;
  return {
    cpuSeconds: cpu.usage ? cpu.usage.total / 1e9 : (cpu.usage_usec ?? 0) / 1e6,
    memoryBytes: used - (memory.total_inactive_file ?? memory.inactive_file ?? 0),
  };
}
