/**
 * What only one replica does: it writes the status of policies and routes, gives namespaces the files that sidecars start from, and keeps the
 * API server's trust in the webhook.
 */
import type { Clock } from "../base/clock.ts";
import type { KubeClient } from "../kube/client.ts";
import { startElection } from "../kube/lease.ts";
import type { MeshSnapshot } from "../model/snapshot.ts";
import type { WantedStatus } from "../status/wanted.ts";
import { startStatusWriter, type StatusWriter } from "../status/writer.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { injectedNamespaces } from "./injected.ts";
import type { SidecarConfigs } from "./sidecar-config.ts";
import { ensureWebhookBundle } from "./webhook-bundle.ts";

export interface Leader {
  /** Something that the duties rest on has changed: statuses, namespaces, trust. */
  changed(duties: Duties): void;
  /** Gives the lease back. */
  close(): Promise<void>;
}

export interface Duties {
  readonly mesh: MeshSnapshot;
  readonly statuses: ReadonlyMap<string, WantedStatus>;
  /** PEM. */
  readonly trustBundle: string;
}

export interface LeaderOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly namespace: string;
  readonly service: string;
  readonly replica: string;
  readonly configs: SidecarConfigs | undefined;
  /** Whose trust in the webhook is kept; undefined where somebody else does. */
  readonly webhookConfiguration: string | undefined;
}

/** Milliseconds after which what Heddle keeps in the cluster is looked at again although nothing has changed. */
const RECHECK = 60_000;
const RETRY = 2000;

export function startLeader(options: LeaderOptions): Leader {
  const { client, clock, logger, metrics, configs, webhookConfiguration } = options;
  let duties: Duties | undefined;
  let writer: StatusWriter | undefined;
  let closing: Promise<void> = Promise.resolve();
  let working = false;
  let again = false;
  let cancelRecheck: (() => void) | undefined;

  const election = startElection({
    client,
    clock,
    namespace: options.namespace,
    name: `${options.service}-leader`,
    identity: options.replica,
    onChange(leading) {
      metrics.leading.set(leading ? 1 : 0);
      logger.info(leading ? "leading: this replica writes status now" : "not leading any more");
      if (leading) lead();
      else follow();
    },
    onError: (err) => logger.warn({ err }, "leader election: a request failed"),
  });

  function lead(): void {
    writer = startStatusWriter({
      client,
      clock,
      onWrite(outcome, err) {
        metrics.statusWrites.inc({ outcome });
        if (outcome === "failed") logger.warn({ err }, "status could not be written; it is tried again");
      },
    });
    if (duties) writer.want(duties.statuses);
    void keepUp();
  }

  function follow(): void {
    cancelRecheck?.();
    const ended = writer;
    writer = undefined;
    closing = Promise.all([closing, ended?.close()]).then(() => {});
  }

  /** One round at a time; what changes meanwhile is seen to in the next one. */
  async function keepUp(): Promise<void> {
    again = true;
    if (working) return;
    working = true;
    while (again && election.leading && duties) {
      again = false;
      cancelRecheck?.();
      const fine = await round(duties);
      cancelRecheck = clock.after(fine ? RECHECK : RETRY, () => void keepUp());
    }
    working = false;
  }

  async function round({ mesh, trustBundle }: Duties): Promise<boolean> {
    try {
      if (webhookConfiguration !== undefined) {
        const written = await ensureWebhookBundle(client, webhookConfiguration, trustBundle);
        if (written) logger.info({ webhookConfiguration }, "the API server trusts the webhook now");
      }
      return (await configs?.ensureAll(injectedNamespaces(mesh))) ?? true;
    } catch (err) {
      logger.warn({ err }, "the webhook's trust could not be kept; it is tried again");
      return false;
    }
  }

  return {
    changed(next) {
      const before = duties;
      duties = next;
      if (!election.leading) return;
      writer?.want(next.statuses);
      const same =
        before?.trustBundle === next.trustBundle &&
        before.mesh.namespaces === next.mesh.namespaces &&
        before.mesh.workloads === next.mesh.workloads;
      if (!same) void keepUp();
    },
    async close() {
      await election.close();
      follow();
      await closing;
    },
  };
}
