/**
 * Requests to the API server as plain JSON. Credentials, contexts and proxies are those of a kubeconfig, as kubectl reads it, or
 * of the pod's service account.
 */
import { Agent } from "node:https";
import type { IncomingMessage } from "node:http";
import type { RequestOptions } from "node:https";
import type { KubeConfig } from "@kubernetes/client-node";
import { HeddleError, messageOf } from "../base/errors.ts";
import { KubeError } from "./errors.ts";
import { exchange, readAll } from "./http.ts";

export interface KubeRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Such as `/api/v1/services`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** `application/json` by default. */
  readonly contentType?: string;
  /** Longest silence of the API server, in milliseconds. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

export interface KubeClient {
  /**
   * The answer, as parsed JSON.
   *
   * @throws KubeError
   */
  request<T = unknown>(request: KubeRequest): Promise<T>;
  /**
   * The answer as a stream of bytes, such as that of a watch; `timeout` is the longest silence within it, too.
   *
   * @throws KubeError
   */
  open(request: KubeRequest): Promise<IncomingMessage>;
  /** Closes all connections; requests under way fail. */
  close(): void;
}

const TIMEOUT = 30_000;

export function createKubeClient(config: KubeConfig): KubeClient {
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new HeddleError("KUBE_CONFIG", "the kubeconfig has no current context with a cluster");
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 8 });

  async function send(request: KubeRequest, timeout: number): Promise<IncomingMessage> {
    const { method, path, query, body, contentType = "application/json", signal } = request;
    const url = new URL(`${cluster!.server.replace(/\/$/, "")}${path}`);
    for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
    const options: RequestOptions = { headers: {} };
    try {
      await config.applyToHTTPSOptions(options);
    } catch (cause) {
      throw new KubeError(`no credentials for the API server: ${messageOf(cause)}`, { cause });
    }
    // The library's own agent opens a connection for every request.
    if (!cluster!.proxyUrl && url.protocol === "https:") options.agent = agent;
    return exchange({
      url,
      options,
      method,
      headers: { accept: "application/json", ...(body === undefined ? {} : { "content-type": contentType }) },
      body: body === undefined ? undefined : JSON.stringify(body),
      idle: timeout,
      signal,
    });
  }

  return {
    async request<T>(request: KubeRequest): Promise<T> {
      const about = `${request.method} ${request.path}`;
      const text = await readAll(about, await send(request, request.timeout ?? TIMEOUT));
      try {
        return JSON.parse(text) as T;
      } catch (cause) {
        throw new KubeError(`${about}: the answer is no JSON`, { cause });
      }
    },
    open: (request) => send(request, request.timeout ?? TIMEOUT),
    close: () => agent.destroy(),
  };
}
