/** Source state → mesh snapshot → the views of connected proxies, and what is wrong on the way. */
import type { Clock } from "../base/clock.ts";
import type { Diagnostic } from "../base/diagnostic.ts";
import { createModel } from "../model/build.ts";
import { withPlace } from "../model/objects.ts";
import type { MeshSnapshot } from "../model/snapshot.ts";
import type { SourceState } from "../source/source.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { DEFAULT_SETTINGS } from "../translate/settings.ts";
import { createTranslator } from "../translate/translate.ts";
import type { SnapshotCache } from "../xds/index.ts";
import { createCoalescer } from "./coalesce.ts";
import type { Config } from "./config.ts";
import { createEncoder } from "./encode.ts";
import { createFindingsLog, distinctFindings } from "./findings.ts";
import { createPublisher, type Publisher } from "./publisher.ts";

export interface Pipeline {
  /** The source has changed. The first state builds the first snapshot at once. */
  apply(state: SourceState): void;
  /** Looks at the findings again, soon. */
  report(): void;
  readonly publisher: Publisher;
  readonly state: SourceState | undefined;
  readonly mesh: MeshSnapshot | undefined;
  /** Everything that is wrong now, each with its place in a file where it has one. */
  diagnostics(): readonly Diagnostic[];
  stop(): void;
}

export interface PipelineDeps {
  readonly cache: SnapshotCache;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** A new snapshot is about to be published. */
  readonly onSnapshot: (mesh: MeshSnapshot) => void;
  /** A proxy's view was made of the newest snapshot. */
  readonly onView: (proxy: string) => void;
}

/** Changes of a burst that come within this time of one another are published together, in milliseconds. */
const BURST_WINDOW = 50;
/** Findings are put together at most this often, in milliseconds. */
const REPORT_WINDOW = 200;
/** Findings and statuses of a change wait this long, in milliseconds: its sidecars come first. */
export const AFTER_SIDECARS = 200;

export function createPipeline(config: Config, deps: PipelineDeps): Pipeline {
  const { cache, clock, logger, metrics, onSnapshot, onView } = deps;
  const settings = { ...DEFAULT_SETTINGS, clusterDomain: config.clusterDomain, outboundPolicy: config.outboundPolicy };
  const options = { clusterDomain: config.clusterDomain, awaitPods: config.source.kind === "kubernetes" };
  const model = createModel(options);
  const translate = createTranslator(settings);
  const encode = createEncoder((type, valid) => {
    metrics.built.inc({ type });
    if (!valid) metrics.invalid.inc({ type });
  });
  const publisher = createPublisher({ cache, translate, encode, clock, logger, metrics, onPublished, onView });
  const log = createFindingsLog(logger, metrics);
  let mesh: MeshSnapshot | undefined;
  let state: SourceState | undefined;
  /** When the oldest change that is not published yet was seen. */
  let changedAt: number | undefined;
  const publishing = createCoalescer(clock, BURST_WINDOW, publish);
  const reporting = createCoalescer(clock, REPORT_WINDOW, () => log(diagnostics()), AFTER_SIDECARS);

  function diagnostics(): readonly Diagnostic[] {
    if (!state) return [];
    const { objects } = state;
    const found = [...(mesh?.diagnostics ?? []), ...publisher.diagnostics()].map((d) => withPlace(objects, d));
    return distinctFindings([...state.diagnostics, ...found]);
  }

  function publish(): void {
    if (!state) return;
    mesh = model(state.objects);
    metrics.snapshots.inc();
    for (const [kind, objects] of Object.entries(state.objects)) metrics.objects.set({ kind }, objects.size);
    onSnapshot(mesh);
    publisher.publish(mesh);
    reporting.request();
  }

  function onPublished(): void {
    if (changedAt !== undefined) metrics.published.observe((clock.now() - changedAt) / 1000);
    changedAt = undefined;
    reporting.request();
  }

  return {
    apply(next) {
      state = next;
      changedAt ??= clock.now();
      publishing.request();
    },
    report: () => reporting.request(),
    publisher,
    get state() {
      return state;
    },
    get mesh() {
      return mesh;
    },
    diagnostics,
    stop() {
      publishing.cancel();
      reporting.cancel();
    },
  };
}
