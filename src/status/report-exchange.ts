/**
 * How replicas tell each other of their sidecars: each keeps one ConfigMap in the control plane's namespace, and watches those of
 * the others. A replica that dies without a word stops renewing, and counts no more.
 */
import type { Clock } from "../base/clock.ts";
import { apply, pathOf } from "../kube/apply.ts";
import { sleep } from "../kube/backoff.ts";
import type { KubeClient } from "../kube/client.ts";
import { isNotFound } from "../kube/errors.ts";
import type { KubeObject } from "../kube/object.ts";
import { startReflector } from "../kube/reflector.ts";
import { createStore } from "../kube/store.ts";
import { parseReport, type ReplicaReport, serializeReport } from "./report.ts";

export interface ReportExchange {
  /** What this replica knows now; written at once, then at most every `PACE` milliseconds. */
  publish(report: ReplicaReport): void;
  /** Of every replica that is alive, this one included. */
  reports(): readonly ReplicaReport[];
  /** Takes the own report back. */
  close(): Promise<void>;
}

export interface ReportExchangeOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  /** The own pod's name. */
  readonly replica: string;
  readonly clock: Clock;
  /** Reports of others have changed, or it is time to see which of them still count. */
  readonly onChange: () => void;
  readonly onError?: (error: unknown) => void;
}

export const REPORT_LABEL = "heddle.dev/report";

const PACE = 500;
/** Milliseconds after which an unchanged report is written again, as a sign of life. */
const BEAT = 10_000;
/** Milliseconds without a sign of life, by the observer's clock, after which a report does not count. */
const EXPIRY = 30_000;
const MANAGER = "heddle-report";

interface Received {
  readonly text: string;
  readonly beat: string;
  readonly at: number;
}

export function startReportExchange(options: ReportExchangeOptions): ReportExchange {
  const { client, namespace, replica, clock, onChange, onError = () => {} } = options;
  const name = `${replica}-report`;
  const stop = new AbortController();
  const parsed = new WeakMap<Received, ReplicaReport>();
  let own: ReplicaReport | undefined;
  let beats = 0;
  let owner: readonly unknown[] | undefined;
  let wake = Promise.withResolvers<void>();

  const store = createStore<Received>(onChange);
  const reflector = startReflector<Received>({
    client,
    path: `/api/v1/namespaces/${namespace}/configmaps`,
    query: { labelSelector: `${REPORT_LABEL}=true` },
    store,
    clock,
    keep(object) {
      const { report, beat } = (object["data"] ?? {}) as { report?: unknown; beat?: unknown };
      return { text: String(report), beat: String(beat), at: clock.now() };
    },
    onEvent: (event) => event.kind === "failed" && onError(event.error),
  });

  /** The own pod: with it the report goes. Nobody, outside a pod. */
  async function owners(): Promise<readonly unknown[]> {
    try {
      const pod = await client.request<KubeObject>({
        method: "GET",
        path: `/api/v1/namespaces/${namespace}/pods/${replica}`,
      });
      return [{ apiVersion: "v1", kind: "Pod", name: replica, uid: pod.metadata.uid }];
    } catch (error) {
      if (isNotFound(error)) return [];
      throw error;
    }
  }

  async function write(report: ReplicaReport): Promise<void> {
    owner ??= await owners();
    const object: KubeObject = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name, namespace, labels: { [REPORT_LABEL]: "true" }, ownerReferences: owner },
      data: { report: serializeReport(report), beat: String(++beats) },
    };
    await apply(client, object, { resource: "configmaps", manager: MANAGER, signal: stop.signal });
  }

  async function run(): Promise<void> {
    let written: string | undefined;
    let writtenAt = -Infinity;
    while (!stop.signal.aborted) {
      const due = own && (serializeReport(own) !== written || clock.now() - writtenAt >= BEAT);
      if (own && due) {
        try {
          const text = serializeReport(own);
          await write(own);
          written = text;
          writtenAt = clock.now();
        } catch (error) {
          if (!stop.signal.aborted) onError(error);
        }
      }
      await sleep(clock, PACE, stop.signal);
      if (!own || serializeReport(own) === written) {
        await Promise.race([wake.promise, sleep(clock, BEAT, stop.signal)]);
        onChange();
      }
    }
  }

  const running = run();
  return {
    publish(report) {
      own = report;
      wake.resolve();
      wake = Promise.withResolvers();
    },
    reports() {
      const alive = [...store.items]
        .filter(([key, { at }]) => key !== `${namespace}/${name}` && clock.now() - at < EXPIRY)
        .map(([, received]) => {
          const report = parsed.get(received) ?? parseReport(received.text);
          if (report) parsed.set(received, report);
          return report;
        });
      return [...(own ? [own] : []), ...alive.filter((report) => report !== undefined)];
    },
    async close() {
      stop.abort();
      wake.resolve();
      await Promise.all([running, reflector.close()]);
      const path = pathOf({ apiVersion: "v1", metadata: { name, namespace } }, "configmaps");
      await client.request({ method: "DELETE", path, timeout: 2000 }).catch(onError);
    },
  };
}
