import { KubeConfig } from "@kubernetes/client-node";
import { HeddleError, messageOf } from "../base/errors.ts";
import { createKubeClient, type KubeClient } from "./client.ts";

export interface ConnectOptions {
  /** A file; by default `KUBECONFIG`, then the home directory's, then the pod's service account. */
  readonly kubeconfig?: string | undefined;
  /** By default the kubeconfig's current one. */
  readonly context?: string | undefined;
}

export interface Connection {
  readonly client: KubeClient;
  readonly config: KubeConfig;
  /** The context's namespace; "default" where it has none. */
  readonly namespace: string;
}

/**
 * A client for the cluster that kubectl would talk to.
 *
 * @throws HeddleError KUBE_CONFIG
 */
export function connect({ kubeconfig, context }: ConnectOptions = {}): Connection {
  const config = new KubeConfig();
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
  } catch (cause) {
    throw new HeddleError("KUBE_CONFIG", `cannot read the kubeconfig: ${messageOf(cause)}`, { cause });
  }
  if (context !== undefined) {
    if (!config.getContextObject(context)) {
      const known = config.getContexts().map(({ name }) => name);
      throw new HeddleError("KUBE_CONFIG", `there is no context ${context}; there are: ${known.join(", ") || "none"}`);
    }
    config.setCurrentContext(context);
  }
  const namespace = config.getContextObject(config.getCurrentContext())?.namespace ?? "default";
  return { client: createKubeClient(config), config, namespace };
}
