/** Keeps the xDS cache in step with the mesh, for the proxies that are connected. */
import type { Diagnostic } from "../base/diagnostic.ts";
import type { Clock } from "../base/clock.ts";
import { HeddleError } from "../base/errors.ts";
import type { MeshSnapshot } from "../model/snapshot.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Demand } from "../translate/on-demand.ts";
import { createProxyResolver, type Proxy, resolveProxy } from "../translate/proxy.ts";
import type { Translator } from "../translate/translate.ts";
import type { SnapshotCache } from "../xds/index.ts";
import type { Encoder } from "./encode.ts";
import { createObserved } from "./observed.ts";

export interface Publisher {
  /** A stream of this proxy opened. */
  connect(id: string): void;
  /** One of its streams ended; with the last one its view is forgotten. */
  disconnect(id: string): void;
  /** The proxy has asked for clusters by the hosts of requests. */
  demand(id: string, hosts: readonly string[]): void;
  /**
   * Translates the snapshot for every connected proxy, in slices between which requests are read. The first snapshot is translated for a
   * pod that is not connected, too: most of that is the same for all, and no sidecar is to wait for it.
   */
  publish(snapshot: MeshSnapshot): void;
  /** What could not be made for connected proxies. */
  diagnostics(): readonly Diagnostic[];
}

export interface PublisherDeps {
  readonly cache: SnapshotCache;
  readonly translate: Translator;
  readonly encode: Encoder;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Every connected proxy has been given the newest snapshot. */
  readonly onPublished?: () => void;
  /** A proxy's view was made of the newest snapshot. */
  readonly onView?: (id: string) => void;
  /** Runs something on a later turn of the event loop. */
  readonly defer?: (run: () => void) => void;
}

interface Connected {
  readonly resolveProxy: (mesh: MeshSnapshot) => Proxy | undefined;
  streams: number;
  demand: Demand;
  /** Of its configuration, and of what could not be sent; proxies of one kind share the lists. */
  findings: readonly (readonly Diagnostic[])[];
  /** The pod was missing when it was looked up last. */
  unknown: boolean;
}

/** Most hosts that one proxy is answered for; what it asks beyond them fails after Envoy's own timeout. */
const MAX_HOSTS = 1000;

/** Longest time, in milliseconds, for which translation keeps requests waiting. */
const SLICE = 6;

export function createPublisher(deps: PublisherDeps): Publisher {
  const { cache, translate, encode, clock, logger, metrics, onPublished, onView, defer = setImmediate } = deps;
  const connected = new Map<string, Connected>();
  /** Proxies that have not been given the newest snapshot; one that waits keeps its turn when a newer one comes. */
  const due = new Set<string>();
  const observed = createObserved();
  let mesh: MeshSnapshot | undefined;
  let deferred = false;

  function update(id: string): void {
    due.delete(id);
    const entry = connected.get(id);
    if (!entry || !mesh) return;
    const proxy = entry.resolveProxy(mesh);
    if (!proxy) {
      // A pod may connect before it is known, and be gone before its sidecar is: neither takes anything away.
      if (!entry.unknown) logger.warn({ proxy: id }, "no such pod is known; the proxy waits, or keeps what it has");
      entry.unknown = true;
      return;
    }
    if (entry.unknown) logger.info({ proxy: id }, "its pod is known now; the proxy is served");
    entry.unknown = false;
    const start = clock.now();
    try {
      const config = translate(mesh, proxy, entry.demand);
      const { snapshot, diagnostics } = encode(config, cache.getSnapshot(id));
      entry.findings = [config.diagnostics, diagnostics];
      cache.shareSnapshot(id, snapshot);
      onView?.(id);
    } catch (cause) {
      metrics.failures.inc();
      const error = new HeddleError("TRANSLATE", "translation failed; the proxy keeps what it has", { cause });
      logger.error({ proxy: id, code: error.code, err: error }, error.message);
    }
    metrics.translations.observe((clock.now() - start) / 1000);
  }

  /** Makes what any proxy is sent of the mesh, as far as it is the same for all. */
  function prepare(snapshot: MeshSnapshot): void {
    const [first] = snapshot.workloads.values();
    const proxy = first && resolveProxy(snapshot, `${first.name}.${first.namespace}`);
    if (!proxy) return;
    try {
      encode(translate(snapshot, proxy));
    } catch (cause) {
      // A sidecar that has the same trouble says so.
      logger.debug({ proxy: proxy.id, err: cause }, "could not be translated before it connected");
    }
  }

  function work(): void {
    deferred = false;
    const end = clock.now() + SLICE;
    for (const id of due) {
      update(id);
      if (clock.now() >= end) break;
    }
    if (due.size === 0) onPublished?.();
    else {
      deferred = true;
      defer(work);
    }
  }

  return {
    connect(id) {
      const entry = connected.get(id);
      if (entry) {
        entry.streams++;
        return;
      }
      const resolveProxy = createProxyResolver(id);
      connected.set(id, { resolveProxy, streams: 1, demand: observed.of(mesh, id), findings: [], unknown: false });
      update(id);
    },
    demand(id, hosts) {
      const entry = connected.get(id);
      if (!entry) return;
      const all = [...new Set([...entry.demand.hosts, ...hosts])];
      if (all.length > MAX_HOSTS) {
        metrics.demandsRefused.inc(all.length - MAX_HOSTS);
        all.length = MAX_HOSTS;
      }
      entry.demand = { ...entry.demand, hosts: all.sort() };
      observed.add(mesh, id, hosts);
      update(id);
    },
    disconnect(id) {
      const entry = connected.get(id);
      if (!entry || --entry.streams > 0) return;
      connected.delete(id);
      cache.clearSnapshot(id);
    },
    publish(snapshot) {
      if (!mesh && connected.size === 0) prepare(snapshot);
      mesh = snapshot;
      for (const id of connected.keys()) due.add(id);
      if (!deferred) work();
    },
    diagnostics: () => [...new Set([...connected.values()].flatMap(({ findings }) => findings))].flat(),
  };
}
