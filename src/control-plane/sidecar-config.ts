/**
 * The ConfigMap that sidecars start from, in every namespace that has any: the same text for all pods, and the CAs to trust.
 */
import type { Clock } from "../base/clock.ts";
import { contentHash } from "../base/hash.ts";
import { apply } from "../kube/apply.ts";
import type { KubeClient } from "../kube/client.ts";
import { bootstrap } from "../translate/bootstrap.ts";
import { type ControlPlaneTls, tokenSecret } from "../translate/bootstrap-cluster.ts";

export const SIDECAR_CONFIG = "heddle-sidecar";

/** Where the injector mounts the files; see `inject/sidecar.ts`. */
const FILES = "/etc/heddle";
const TOKEN_FILE = "/var/run/secrets/heddle/token";
const ADMIN = { host: "127.0.0.1", port: 15_000 };
const HEALTH = { host: "0.0.0.0", port: 15_021 };

export interface SidecarFilesOptions {
  /** Where sidecars connect. */
  readonly xds: { readonly host: string; readonly port: number };
  /** DNS name in the control plane's certificate. */
  readonly serverName: string;
  /** PEM. */
  readonly trustBundle: string;
}

/** The files by name. */
export function sidecarFiles({ xds, serverName, trustBundle }: SidecarFilesOptions): Readonly<Record<string, string>> {
  const tls: ControlPlaneTls = {
    serverName,
    caFile: `${FILES}/ca.pem`,
    tokenSecretFile: `${FILES}/token.json`,
    tokenFile: TOKEN_FILE,
  };
  return {
    "envoy.json": JSON.stringify(bootstrap({ xds, tls, admin: ADMIN, health: HEALTH }), undefined, 2),
    "token.json": JSON.stringify(tokenSecret(tls), undefined, 2),
    "ca.pem": trustBundle,
  };
}

export interface SidecarConfigs {
  /** Resolves when the namespace has the newest files. Looks again only now and then. @throws KubeError */
  ensure(namespace: string): Promise<void>;
  /** Sees to all of these, one after the other. Resolves with whether all went well; the others are tried at the next call. */
  ensureAll(namespaces: Iterable<string>): Promise<boolean>;
}

/** Milliseconds for which a ConfigMap that was written is believed to be there still. */
const BELIEF = 60_000;
const RECHECK = 10 * 60_000;
const MANAGER = "heddle";

export function createSidecarConfigs(options: {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly files: () => Readonly<Record<string, string>>;
  readonly onError: (namespace: string, error: unknown) => void;
}): SidecarConfigs {
  const { client, clock, files, onError } = options;
  /** By namespace; at most as many as there are namespaces with sidecars. */
  const applied = new Map<string, { readonly hash: string; readonly at: number }>();

  async function ensure(namespace: string, belief: number): Promise<void> {
    const data = files();
    const hash = contentHash(JSON.stringify(data));
    const known = applied.get(namespace);
    if (known?.hash === hash && clock.now() - known.at < belief) return;
    const labels = { "app.kubernetes.io/part-of": "heddle", "app.kubernetes.io/managed-by": "heddle" };
    const metadata = { name: SIDECAR_CONFIG, namespace, labels };
    await apply(
      client,
      { apiVersion: "v1", kind: "ConfigMap", metadata, data },
      { resource: "configmaps", manager: MANAGER },
    );
    applied.set(namespace, { hash, at: clock.now() });
  }

  return {
    ensure: (namespace) => ensure(namespace, BELIEF),
    async ensureAll(namespaces) {
      const wanted = new Set(namespaces);
      for (const namespace of applied.keys()) if (!wanted.has(namespace)) applied.delete(namespace);
      let fine = true;
      for (const namespace of wanted) {
        await ensure(namespace, RECHECK).catch((error: unknown) => {
          fine = false;
          onError(namespace, error);
        });
      }
      return fine;
    },
  };
}
