/** How commands get at a cluster: with kubectl's flags, and with what kubectl would use where none is given. */
import type { Command } from "commander";
import type { Connection } from "../kube/connect.ts";
import { HeddleError, messageOf } from "../base/errors.ts";
import { listAll } from "../kube/list.ts";
import type { KubeObject } from "../kube/object.ts";

export interface ClusterFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  /** Namespace of the control plane. */
  readonly heddleNamespace: string;
}

/** Adds kubectl's flags for choosing a cluster, and where Heddle is in it. */
export function withClusterFlags(command: Command): Command {
  return command
    .option("--kubeconfig <file>", "kubeconfig to use (default: as kubectl)")
    .option("--context <name>", "context of the kubeconfig (default: the current one)")
    .option("--heddle-namespace <name>", "namespace of the control plane", "heddle-system");
}

/** @throws HeddleError KUBE_CONFIG */
export async function connectCluster({ kubeconfig, context }: ClusterFlags): Promise<Connection> {
  // Only here: the library costs a second to load.
  const { connect } = await import("../kube/connect.ts");
  return connect({ kubeconfig, context });
}

/** Ready replicas of the control plane. @throws KubeError */
export async function controlPlanePods(connection: Connection, namespace: string): Promise<readonly KubeObject[]> {
  const { items } = await listAll(connection.client, {
    path: `/api/v1/namespaces/${namespace}/pods`,
    query: { labelSelector: "app.kubernetes.io/name=heddle,app.kubernetes.io/component=control-plane" },
  });
  return items.filter(isReady);
}

export function isReady(pod: KubeObject): boolean {
  const { conditions } = (pod["status"] ?? {}) as { conditions?: readonly { type: string; status: string }[] };
  return conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}

const ADMIN_PORT = 18_001;
const REQUEST_LIMIT = 10_000;

/** JSON of the admin interface at `url`. @throws HeddleError ADMIN_UNREACHABLE */
export async function fetchAdmin(url: string): Promise<unknown> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_LIMIT) });
    return await response.json();
  } catch (cause) {
    const message = `cannot read ${url}: ${messageOf(cause)}; is the control plane running there?`;
    throw new HeddleError("ADMIN_UNREACHABLE", message, { cause });
  }
}

/** The same of one replica in a cluster, by a port that is forwarded for as long as it takes. */
export async function fetchReplica(connection: Connection, pod: KubeObject, path: string): Promise<unknown> {
  const { forwardPort } = await import("../kube/port-forward.ts");
  const { name, namespace = "" } = pod.metadata;
  const forward = await forwardPort(connection.config, { namespace, name }, ADMIN_PORT);
  try {
    return await fetchAdmin(`http://127.0.0.1:${forward.port}${path}`);
  } finally {
    forward.close();
  }
}
