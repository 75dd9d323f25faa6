/** A real API server with its etcd, without nodes or controllers: what it stores stays as it was written. */
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { API_PARTS, ensureKubernetes } from "../../../scripts/kubernetes.ts";
import { connect } from "../../../src/kube/connect.ts";
import { until } from "../until.ts";
import { createApiCertificate, createSigningKey } from "./api-certificate.ts";
import { createTool, type Tool } from "./kubectl.ts";
import { lowPort } from "./low-port.ts";
import { createProcesses, type Part } from "./processes.ts";
import { workFolder } from "./work-folder.ts";

export interface ApiServerOptions {
  /** Where it listens and clients reach it; 127.0.0.1 by default. */
  readonly address?: string;
  /** A free one by default. */
  readonly port?: number;
  /** The command that leads into the network namespace that it runs in. */
  readonly enter?: readonly string[];
  /** Folder of the executables, where they are built already. */
  readonly bin?: string;
  /** There are controllers and a node, so pods need service accounts, and the Service `kubernetes` its endpoint. */
  readonly hasNodes?: boolean;
}

export interface TokenRequest {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** The API server's own by default. */
  readonly audience?: string;
  /** 600 is the least that the API server gives. */
  readonly seconds?: number;
  /** The token dies with this pod, and names it. */
  readonly pod?: { readonly name: string; readonly uid: string };
}

export interface ApiServer {
  /** Stays the same over a restart. */
  readonly url: string;
  readonly kubeconfigPath: string;
  /** Of a user in the group system:masters. */
  readonly token: string;
  readonly ca: string;
  /** PEM file of the key that signs service accounts' tokens. */
  readonly signingKeyPath: string;
  readonly certificatePath: string;
  readonly kubectl: Tool;
  /** Another one after each start. */
  readonly pid: number;
  /** A token of a service account, which must exist. */
  tokenFor(request: TokenRequest): Promise<string>;
  /** @param grace milliseconds until it is killed; 0 kills at once, and clients' connections stay without a goodbye */
  stopApi(grace?: number): Promise<void>;
  /** Resolves when it is ready. */
  startApi(): Promise<void>;
  restart(): Promise<void>;
  close(): Promise<void>;
}

const READY_LIMIT = 120_000;
/** Addresses of Services; the first is that of the Service `kubernetes`. */
export const SERVICE_RANGE = "10.96.0.0/16";
export const API_SERVICE_ADDRESS = "10.96.0.1";

/** Builds the parts if need be (which takes minutes once), starts them, and resolves when the API server is ready. */
export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const { address = "127.0.0.1", enter = [], hasNodes = false } = options;
  const bin = options.bin ?? (await ensureKubernetes(API_PARTS));
  const port = options.port ?? (await lowPort());
  const etcdPorts = [await lowPort(), await lowPort()] as const;
  const folder = workFolder("heddle-api");
  const processes = createProcesses(folder);

  const url = `https://${address}:${port}`;
  const token = randomBytes(16).toString("hex");
  const tokens = join(folder, "tokens.csv");
  writeFileSync(tokens, `${token},admin,admin,system:masters\n`, { mode: 0o600 });
  const { certificate, key } = createApiCertificate(folder, [address, API_SERVICE_ADDRESS]);
  const ca = readFileSync(certificate, "utf8");
  const signingKeyPath = createSigningKey(folder);
  const kubeconfigPath = join(folder, "kubeconfig");
  writeFileSync(kubeconfigPath, kubeconfig(url, ca, token), { mode: 0o600 });
  const { client } = connect({ kubeconfig: kubeconfigPath });

  const etcdUrl = `http://127.0.0.1:${etcdPorts[0]}`;
  const apiCommand = [
    ...enter,
    join(bin, "kube-apiserver"),
    `--etcd-servers=${etcdUrl}`,
    `--bind-address=${address}`,
    `--secure-port=${port}`,
    `--tls-cert-file=${certificate}`,
    `--tls-private-key-file=${key}`,
    `--token-auth-file=${tokens}`,
    "--authorization-mode=RBAC",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${signingKeyPath}`,
    `--service-account-signing-key-file=${signingKeyPath}`,
    `--service-cluster-ip-range=${SERVICE_RANGE}`,
    "--allow-privileged=true",
    ...(hasNodes
      ? [`--advertise-address=${address}`, "--kubelet-preferred-address-types=InternalIP"]
      : // Nothing makes service accounts, and loopback may not be an endpoint.
        ["--disable-admission-plugins=ServiceAccount", "--endpoint-reconciler-type=none"]),
  ];
  let api: Part | undefined;

  async function startApi(): Promise<void> {
    if (api?.running) return;
    const started = processes.start("kube-apiserver", apiCommand);
    api = started;
    await until("the API server is ready", READY_LIMIT, async () => {
      if (!started.running) return true;
      await client.request({ method: "GET", path: "/api/v1/namespaces/default", timeout: 5000 });
      // Not ready is an error, and its body plain text.
      return await client.open({ method: "GET", path: "/readyz", timeout: 5000 }).then((answer) => answer.resume());
    });
    if (!started.running) throw new Error(`kube-apiserver ended: ${started.log()}`);
  }

  const stopApi = async (grace?: number): Promise<void> => api?.stop(grace);

  async function close(): Promise<void> {
    // Without its etcd it would not end.
    await stopApi();
    client.close();
    await processes.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }

  try {
    const data = join(folder, "etcd");
    mkdirSync(data, { mode: 0o700 });
    processes.start("etcd", [...enter, join(bin, "etcd"), "--unsafe-no-fsync", ...etcdFlags(data, etcdPorts)]);
    await startApi();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    url,
    kubeconfigPath,
    token,
    ca,
    signingKeyPath,
    certificatePath: certificate,
    kubectl: createTool(join(bin, "kubectl"), kubeconfigPath, join(folder, "cache")),
    get pid() {
      return api!.pid;
    },
    async tokenFor({ namespace, serviceAccount, audience, seconds = 3600, pod }) {
      const answer = await client.request<{ status: { token: string } }>({
        method: "POST",
        path: `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`,
        body: {
          apiVersion: "authentication.k8s.io/v1",
          kind: "TokenRequest",
          spec: {
            expirationSeconds: seconds,
            ...(audience === undefined ? {} : { audiences: [audience] }),
            ...(pod === undefined ? {} : { boundObjectRef: { apiVersion: "v1", kind: "Pod", ...pod } }),
          },
        },
      });
      return answer.status.token;
    },
    stopApi,
    startApi,
    async restart() {
      await stopApi();
      await startApi();
    },
    close,
  };
}

function etcdFlags(data: string, [client, peer]: readonly [number, number]): readonly string[] {
  const [clients, peers] = [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`];
  return [
    `--data-dir=${data}`,
    `--listen-client-urls=${clients}`,
    `--advertise-client-urls=${clients}`,
    `--listen-peer-urls=${peers}`,
    `--initial-advertise-peer-urls=${peers}`,
    `--initial-cluster=default=${peers}`,
  ];
}

/** JSON is YAML. */
function kubeconfig(server: string, ca: string, token: string): string {
  const name = "heddle-test";
  const authority = Buffer.from(ca).toString("base64");
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server, "certificate-authority-data": authority } }],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    "current-context": name,
  });
}
