/**
 * A real Kubernetes with one node, in namespaces of its own on this machine: etcd, API server, controllers, scheduler, containerd,
 * kubelet, kube-proxy and DNS. Nothing of it outlives the test process.
 */
import { join } from "node:path";
import { rmSync } from "node:fs";
import { missingClusterPrerequisites } from "../../../scripts/cluster-prerequisites.ts";
import { ALL_PARTS, ensureKubernetes } from "../../../scripts/kubernetes.ts";
import { until } from "../until.ts";
import { type ApiServer, SERVICE_RANGE, startApiServer } from "./api-server.ts";
import { createCgroups, removeCgroups } from "./cgroups.ts";
import { DNS_ADDRESS, startDns } from "./dns.ts";
import { createTool, type Tool } from "./kubectl.ts";
import { type Node, NODE_NAME, startNode } from "./node.ts";
import { createProcesses, type Processes } from "./processes.ts";
import { createSandbox, type Sandbox } from "./sandbox.ts";
import { createUplink } from "./uplink.ts";
import { workFolder } from "./work-folder.ts";

export interface ClusterOptions {
  /** Labels of the node besides those that Kubernetes gives it, such as its zone. */
  readonly nodeLabels?: Readonly<Record<string, string>>;
}

export interface Cluster
  extends
    Pick<ApiServer, "url" | "kubeconfigPath" | "token" | "kubectl" | "tokenFor" | "stopApi" | "startApi">,
    Omit<Node, "logs"> {
  readonly helm: Tool;
  readonly api: Pick<ApiServer, "pid">;
  /** The command that leads into the node's network, where Services and pods are reached by their addresses. */
  readonly inside: readonly string[];
  readonly nodeAddress: string;
  /** Kills a container's processes, as the kernel would that runs out of memory. */
  killContainer(container: ContainerName): Promise<void>;
  close(): Promise<void>;
}

export interface ContainerName {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

const READY_LIMIT = 120_000;

/**
 * Builds and installs what is missing (which takes a quarter of an hour once), and resolves when the node is ready.
 *
 * @throws Error that says what is missing, or with the last words of the parts
 */
export async function startCluster({ nodeLabels = {} }: ClusterOptions = {}): Promise<Cluster> {
  const missing = missingClusterPrerequisites();
  if (missing.length > 0) throw new Error(`no cluster can run here: ${missing.join("; ")}`);
  const bin = await ensureKubernetes(ALL_PARTS);
  const folder = workFolder("heddle-cluster");
  const processes = createProcesses(folder);
  let [sandbox, api]: [Sandbox?, ApiServer?] = [];

  async function close(): Promise<void> {
    await sandbox?.close();
    await processes.close();
    await api?.close();
    removeCgroups();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }

  try {
    const cgroup = createCgroups();
    sandbox = await createSandbox(processes, folder, join(bin, "pause"));
    const { address, podRange } = createUplink(sandbox, [SERVICE_RANGE]);
    api = await startApiServer({ address, port: 6443, enter: sandbox.network, bin, hasNodes: true });
    const { kubeconfigPath: kubeconfig, kubectl } = api;
    const shared = { processes, sandbox, folder, bin, kubeconfig, address };
    startControllers(shared, api);
    const [node] = await Promise.all([
      startNode({ ...shared, podRange, dnsAddress: DNS_ADDRESS, cgroup, labels: nodeLabels }),
      startDns({ ...shared, kubectl }),
    ]);
    await until("the node is ready", READY_LIMIT, () => isReady(kubectl), 250).catch((cause: unknown) => {
      throw new Error(`the node does not get ready:\n${node.logs()}`, { cause });
    });
    return {
      ...api,
      ...node,
      api,
      helm: createTool(join(bin, "helm"), kubeconfig, join(folder, "helm")),
      inside: sandbox.network,
      nodeAddress: address,
      async killContainer({ namespace, pod, container }) {
        const statuses = JSON.parse(
          await kubectl(["get", "pod", pod, `--namespace=${namespace}`, "--output=json"]),
        ) as PodStatus;
        const { containerStatuses = [], initContainerStatuses = [] } = statuses.status;
        const found = [...containerStatuses, ...initContainerStatuses].find(({ name }) => name === container);
        if (!found?.containerID) throw new Error(`pod ${pod} runs no container ${container}`);
        await node.ctr(["tasks", "kill", "--signal=SIGKILL", "--all", found.containerID.replace("containerd://", "")]);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface PodStatus {
  readonly status: {
    readonly containerStatuses?: readonly { readonly name: string; readonly containerID?: string }[];
    readonly initContainerStatuses?: readonly { readonly name: string; readonly containerID?: string }[];
  };
}

interface Shared {
  readonly processes: Processes;
  readonly sandbox: Sandbox;
  readonly bin: string;
  readonly kubeconfig: string;
}

function startControllers({ processes, sandbox, bin, kubeconfig }: Shared, api: ApiServer): void {
  const common = [`--kubeconfig=${kubeconfig}`, "--leader-elect=false", "--bind-address=127.0.0.1"];
  processes.start("kube-controller-manager", [
    ...sandbox.network,
    join(bin, "kube-controller-manager"),
    ...common,
    `--service-account-private-key-file=${api.signingKeyPath}`,
    `--root-ca-file=${api.certificatePath}`,
    "--use-service-account-credentials=true",
    // With a leader election, one that lost the API server would begin anew with a fresh view of the nodes; this one
    // would take the node for dead when the API server comes back.
    "--node-monitor-grace-period=150s",
  ]);
  processes.start("kube-scheduler", [...sandbox.network, join(bin, "kube-scheduler"), ...common]);
}

/** Pods can be made and are scheduled. */
async function isReady(kubectl: Tool): Promise<boolean> {
  await kubectl(["get", "serviceaccount", "default"]);
  const ready = '{.status.conditions[?(@.type=="Ready")].status}{.spec.taints}';
  return (await kubectl(["get", "node", NODE_NAME, `--output=jsonpath=${ready}`])) === "True";
}
