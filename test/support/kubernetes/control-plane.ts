/** Control planes in this process, against a real API server. */
import { configSchema } from "../../../src/control-plane/config.ts";
import { createControlPlane } from "../../../src/control-plane/control-plane.ts";
import type { KubeObject } from "../../../src/kube/object.ts";
import { type MemoryLog, memoryLog } from "../memory-log.ts";
import { until } from "../until.ts";
import type { ApiServer } from "./api-server.ts";

export interface RunningControlPlane {
  readonly xdsPort: number;
  readonly log: MemoryLog;
  /** A page of the admin interface. */
  admin(path: string): Promise<string>;
  /** A metric's value, summed over its labels that match. */
  metric(name: string, labels?: string): Promise<number>;
  stop(): Promise<void>;
}

export const SYSTEM = "heddle-system";

/** Resolves when it serves. The namespace must exist, see `prepare`. */
export async function startControlPlane(
  api: ApiServer,
  options: Readonly<Record<string, string>> = {},
): Promise<RunningControlPlane> {
  const config = configSchema.parse({
    source: "kubernetes",
    kubeconfig: api.kubeconfigPath,
    xdsAddress: "127.0.0.1:0",
    adminAddress: "127.0.0.1:0",
    webhookAddress: "127.0.0.1:0",
    ...options,
  });
  const log = memoryLog();
  const controlPlane = createControlPlane(config, { logger: log.logger });
  const { xdsPort, adminPort } = await controlPlane.start();
  const admin = async (path: string): Promise<string> => (await fetch(`http://127.0.0.1:${adminPort}${path}`)).text();
  return {
    xdsPort,
    log,
    admin,
    async metric(name, labels = "") {
      const lines = (await admin("/metrics"))
        .split("\n")
        .filter((line) => line.startsWith(name) && line.includes(labels));
      return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
    },
    stop: () => controlPlane.stop(),
  };
}

/** The CRDs and the control plane's namespace. */
export async function prepare(api: ApiServer): Promise<void> {
  await api.kubectl(["apply", "--server-side", "--filename=crds"]);
  await untilServed(api);
  await api.kubectl(["create", "namespace", SYSTEM]);
}

/** Resolves when the API server lists Heddle's kinds. An established CRD may be answered 429 for a moment: its storage is made anew. */
export async function untilServed(api: ApiServer): Promise<void> {
  await api.kubectl(["wait", "--for=condition=Established", "--all", "crd", "--timeout=30s"]);
  const listed = (): Promise<boolean> =>
    api.kubectl(["get", "trafficpolicies,externalservices", "--all-namespaces"]).then(
      () => true,
      () => false,
    );
  await until("Heddle's kinds are listed", 30_000, listed);
}

/** The CA that sidecars would be given. */
export async function trustBundle(api: ApiServer): Promise<string> {
  const text = await api.kubectl(["get", "secret", "heddle-ca", `--namespace=${SYSTEM}`, "--output=json"]);
  const { data } = JSON.parse(text) as { data: Readonly<Record<string, string>> };
  return Buffer.from(data["ca.crt"] ?? "", "base64").toString();
}

export interface PodOptions {
  readonly namespace: string;
  readonly name: string;
  readonly address: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly serviceAccount?: string;
  /** It has a sidecar and is ready. */
  readonly injected?: boolean;
}

/** A pod as the kubelet would report it: no node runs it. */
export async function createPod(
  api: ApiServer,
  options: PodOptions,
): Promise<{ readonly name: string; readonly uid: string }> {
  const { namespace, name, address, labels = {}, serviceAccount = "default", injected = true } = options;
  const made = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, labels, annotations: injected ? { "heddle.dev/injected": "test" } : {} },
    spec: {
      serviceAccountName: serviceAccount,
      automountServiceAccountToken: false,
      containers: [{ name: "app", image: "app" }],
    },
  };
  const text = await api.kubectl(["create", "--filename=-", "--output=json"], JSON.stringify(made));
  const { metadata } = JSON.parse(text) as KubeObject;
  const status = {
    phase: "Running",
    podIP: address,
    podIPs: [{ ip: address }],
    conditions: [{ type: "Ready", status: "True" }],
  };
  const patch = [
    "patch",
    "pod",
    name,
    `--namespace=${namespace}`,
    "--subresource=status",
    `--patch=${JSON.stringify({ status })}`,
  ];
  await api.kubectl(patch);
  return { name, uid: metadata.uid ?? "" };
}
