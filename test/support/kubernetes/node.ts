/** The one node of a test cluster: containerd, kubelet and kube-proxy, as they would run on a machine of their own. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CNI_PLUGINS } from "../../../scripts/cluster-prerequisites.ts";
import { until } from "../until.ts";
import { createTool, type Tool } from "./kubectl.ts";
import { packImage } from "./image.ts";
import type { Part, Processes } from "./processes.ts";
import type { Sandbox } from "./sandbox.ts";

export interface NodeOptions {
  readonly processes: Processes;
  readonly sandbox: Sandbox;
  readonly folder: string;
  readonly bin: string;
  readonly kubeconfig: string;
  readonly address: string;
  readonly podRange: string;
  readonly dnsAddress: string;
  readonly cgroup: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Node {
  /** containerd's own client, in the namespace where Kubernetes has its images and containers. */
  readonly ctr: Tool;
  /** @param tarPath as `docker save` writes it */
  importImage(tarPath: string): Promise<void>;
  /** SIGKILL: the pods run on, but nobody looks after them. */
  killKubelet(): Promise<void>;
  startKubelet(): void;
  /** What the parts wrote last. */
  logs(): string;
}

export const NODE_NAME = "node-1";
const PAUSE_IMAGE = "registry.local/pause:1";
const SOCKET = "/run/containerd/containerd.sock";

export async function startNode(options: NodeOptions): Promise<Node> {
  const { processes, sandbox, folder, bin, kubeconfig, address } = options;
  const containerdConfig = join(folder, "containerd.toml");
  writeFileSync(containerdConfig, containerdSettings(folder));
  mkdirSync(join(folder, "cni"));
  writeFileSync(join(folder, "cni", "10-pods.conflist"), JSON.stringify(podNetwork(options.podRange)));
  const containerd = processes.start("containerd", [...sandbox.enter, "containerd", "--config", containerdConfig]);

  const enter = createTool("nsenter", kubeconfig, folder);
  const ctr: Tool = (args, input, limit) =>
    enter([...sandbox.enter.slice(1), "ctr", "--namespace=k8s.io", ...args], input, limit);
  await until("containerd answers", 30_000, () => ctr(["version"]).then(() => true));
  const importImage = async (tarPath: string): Promise<void> => {
    await ctr(["images", "import", tarPath], undefined, 120_000);
  };
  const pause = join(folder, "pause.tar");
  packImage(pause, { name: PAUSE_IMAGE, files: { "/pause": join(bin, "pause") }, entrypoint: ["/pause"] });
  await importImage(pause);

  const kubeletConfig = join(folder, "kubelet.json");
  writeFileSync(kubeletConfig, JSON.stringify(kubeletSettings(options)));
  const labels = Object.entries(options.labels).map(([key, value]) => `${key}=${value}`);
  const kubeletCommand = [
    ...sandbox.enter,
    join(bin, "kubelet"),
    `--config=${kubeletConfig}`,
    `--kubeconfig=${kubeconfig}`,
    `--hostname-override=${NODE_NAME}`,
    `--node-ip=${address}`,
    `--node-labels=${labels.join(",")}`,
  ];
  let kubelet: Part = processes.start("kubelet", kubeletCommand);
  const proxy = processes.start("kube-proxy", [
    ...sandbox.network,
    join(bin, "kube-proxy"),
    `--kubeconfig=${kubeconfig}`,
    `--hostname-override=${NODE_NAME}`,
    "--proxy-mode=nftables",
    "--conntrack-max-per-core=0",
    `--cluster-cidr=${options.podRange}`,
  ]);

  return {
    ctr,
    importImage,
    killKubelet: () => sandbox.stop(kubelet, 0),
    startKubelet() {
      if (!kubelet.running) kubelet = processes.start("kubelet", kubeletCommand);
    },
    logs: () =>
      Object.entries({ containerd, kubelet, proxy })
        .map(([name, part]) => `── ${name}\n${part.log()}`)
        .join("\n"),
  };
}

function containerdSettings(folder: string): string {
  return `version = 2
[grpc]
  address = "${SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  # Without it the first container fails where the kernel does not allow to lower the score.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${CNI_PLUGINS}"
    conf_dir = "${folder}/cni"
`;
}

/** Every pod has a link of its own to the node, which routes between them: so all packets pass kube-proxy's rules, both ways. */
function podNetwork(podRange: string): object {
  return {
    cniVersion: "1.0.0",
    name: "pods",
    plugins: [
      {
        type: "ptp",
        ipMasq: false,
        ipam: { type: "host-local", ranges: [[{ subnet: podRange }]], routes: [{ dst: "0.0.0.0/0" }] },
      },
      { type: "portmap", capabilities: { portMappings: true } },
    ],
  };
}

function kubeletSettings({ dnsAddress, cgroup }: NodeOptions): object {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    failCgroupV1: false,
    failSwapOn: false,
    cgroupDriver: "cgroupfs",
    cgroupRoot: cgroup,
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: "AlwaysAllow" },
    resolvConf: "",
    clusterDNS: [dnsAddress],
    clusterDomain: "cluster.local",
    containerRuntimeEndpoint: `unix://${SOCKET}`,
    // A full disk of the machine is no reason to evict a test's pods.
    imageGCHighThresholdPercent: 100,
    evictionHard: { "nodefs.available": "0%", "imagefs.available": "0%", "memory.available": "10Mi" },
    localStorageCapacityIsolation: false,
  };
}
