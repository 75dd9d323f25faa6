/** Keeps the xDS cache in step with the mesh, for the proxies that are connected. */
import type { Diagnostic } from "../base/diagnostic.ts";
import type { Clock } from "../base/clock.ts";
import { messageOf } from "../base/errors.ts";
import type { MeshSnapshot } from "../model/snapshot.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { resolveProxy } from "../translate/proxy.ts";
import type { Translator } from "../translate/translate.ts";
import type { SnapshotCache } from "../xds/index.ts";
import type { Encoder } from "./encode.ts";

export interface Publisher {
  /** A stream of this proxy opened. */
  connect(id: string): void;
  /** One of its streams ended; with the last one its view is forgotten. */
  disconnect(id: string): void;
  /** Translates the snapshot for every connected proxy. */
  publish(snapshot: MeshSnapshot): void;
  /** What could not be made for connected proxies. */
  diagnostics(): readonly Diagnostic[];
}

interface Connected {
  streams: number;
  diagnostics: readonly Diagnostic[];
  /** The pod was missing when it was looked up last. */
  unknown: boolean;
}

export function createPublisher(deps: {
  readonly cache: SnapshotCache;
  readonly translate: Translator;
  readonly encode: Encoder;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}): Publisher {
  const { cache, translate, encode, clock, logger, metrics } = deps;
  const connected = new Map<string, Connected>();
  let mesh: MeshSnapshot | undefined;

  function update(id: string, entry: Connected): void {
    const proxy = mesh && resolveProxy(mesh, id);
    if (!mesh || !proxy) {
      // A pod may connect before it is known, and be gone before its sidecar is: neither takes anything away.
      if (!entry.unknown) logger.warn({ proxy: id }, "no such pod is known; the proxy waits, or keeps what it has");
      entry.unknown = true;
      return;
    }
    entry.unknown = false;
    const start = clock.now();
    try {
      const config = translate(mesh, proxy);
      const { resources, diagnostics } = encode(config);
      entry.diagnostics = [...config.diagnostics, ...diagnostics];
      cache.setSnapshot(id, { resources });
    } catch (error) {
      metrics.failures.inc();
      logger.error({ proxy: id, code: "TRANSLATE", reason: messageOf(error), err: error }, "translation failed");
    }
    metrics.translations.observe((clock.now() - start) / 1000);
  }

  return {
    connect(id) {
      const entry = connected.get(id);
      if (entry) {
        entry.streams++;
        return;
      }
      const fresh: Connected = { streams: 1, diagnostics: [], unknown: false };
      connected.set(id, fresh);
      update(id, fresh);
    },
    disconnect(id) {
      const entry = connected.get(id);
      if (!entry || --entry.streams > 0) return;
      connected.delete(id);
      cache.clearSnapshot(id);
    },
    publish(snapshot) {
      mesh = snapshot;
      for (const [id, entry] of connected) update(id, entry);
    },
    diagnostics: () => [...connected.values()].flatMap((entry) => entry.diagnostics),
  };
}
