/** Wires a control plane together: source → model → translate → xds. */
import { type Clock, systemClock } from "../base/clock.ts";
import type { Diagnostic } from "../base/diagnostic.ts";
import { type Admin, createAdmin } from "../admin/server.ts";
import { buildSnapshot } from "../model/build.ts";
import { withPlace } from "../model/objects.ts";
import type { MeshSnapshot } from "../model/snapshot.ts";
import { directorySource } from "../source/directory/source.ts";
import type { SourceState } from "../source/source.ts";
import type { Logger } from "../telemetry/logger.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import { DEFAULT_SETTINGS } from "../translate/settings.ts";
import { createTranslator } from "../translate/translate.ts";
import { createSnapshotCache, createXdsServer } from "../xds/index.ts";
import { createCoalescer } from "./coalesce.ts";
import { type Config, formatHostPort } from "./config.ts";
import { createConvergence } from "./convergence.ts";
import { createEncoder } from "./encode.ts";
import { createFindingsLog, distinctFindings } from "./findings.ts";
import { missingForEnvoy } from "./missing.ts";
import { createPublisher } from "./publisher.ts";
import { renderResources } from "./render.ts";
import { recordEvent } from "./xds-events.ts";

export interface ControlPlane {
  /**
   * Resolves when sidecars are served: not before the source was read and the first snapshot is built, since an empty answer
   * would take away what sidecars run. When it rejects, nothing is left running.
   *
   * @throws HeddleError SOURCE_UNREADABLE, XDS_LISTEN, ADMIN_LISTEN
   */
  start(): Promise<{ readonly xdsPort: number; readonly adminPort: number }>;
  stop(): Promise<void>;
}

/** Changes of a burst that come within this time of one another are published together, in milliseconds. */
const BURST_WINDOW = 50;
/** Findings are put together at most this often, in milliseconds. */
const REPORT_WINDOW = 200;

export function createControlPlane(
  config: Config,
  { logger, clock = systemClock }: { readonly logger: Logger; readonly clock?: Clock },
): ControlPlane {
  const metrics = createMetrics();
  const cache = createSnapshotCache();
  const settings = { ...DEFAULT_SETTINGS, clusterDomain: config.clusterDomain, outboundPolicy: config.outboundPolicy };
  const translate = createTranslator(settings);
  const encode = createEncoder((type) => metrics.invalid.inc({ type }));
  const publisher = createPublisher({ cache, translate, encode, clock, logger, metrics, onPublished });
  const convergence = createConvergence(clock, (ms) => metrics.convergence.observe(ms / 1000));
  const report = createFindingsLog(logger, metrics);
  let mesh: MeshSnapshot | undefined;
  let state: SourceState | undefined;
  let phase: "starting" | "serving" | "stopping" = "starting";
  /** When the oldest change that is not published yet was seen. */
  let changedAt: number | undefined;
  const open = new Set<number>();
  const publishing = createCoalescer(clock, BURST_WINDOW, publish);
  const reporting = createCoalescer(clock, REPORT_WINDOW, () => report(diagnostics()));

  const xds = createXdsServer({
    cache,
    clock,
    missing: missingForEnvoy,
    onEvent(event) {
      recordEvent(event, open, { metrics, logger, convergence });
      if (event.node.id === "") return;
      if (event.kind === "connect") {
        publisher.connect(event.node.id);
        reporting.request();
      } else if (event.kind === "disconnect") publisher.disconnect(event.node.id);
      else if (event.kind === "action" && event.action.kind === "nack") {
        metrics.refusals.set(xds.refusals.size);
        metrics.refusalsEvicted.set(xds.refusals.evicted);
      }
    },
  });

  /** Everything that is wrong now, each with its place in a file where it has one. */
  function diagnostics(): readonly Diagnostic[] {
    if (!state) return [];
    const { objects } = state;
    const found = [...(mesh?.diagnostics ?? []), ...publisher.diagnostics()].map((d) => withPlace(objects, d));
    return distinctFindings([...state.diagnostics, ...found]);
  }

  function apply(next: SourceState): void {
    state = next;
    changedAt ??= clock.now();
    convergence.changed();
    publishing.request();
  }

  function publish(): void {
    if (!state) return;
    mesh = buildSnapshot(state.objects, { clusterDomain: config.clusterDomain }, mesh);
    metrics.snapshots.inc();
    for (const [kind, objects] of Object.entries(state.objects)) metrics.objects.set({ kind }, objects.size);
    publisher.publish(mesh);
    reporting.request();
  }

  function onPublished(): void {
    if (changedAt !== undefined) metrics.published.observe((clock.now() - changedAt) / 1000);
    changedAt = undefined;
    reporting.request();
  }

  const source = directorySource(config.source.path, { onChange: apply, clock });
  const admin: Admin = createAdmin({
    metrics: metrics.registry,
    now: () => clock.now(),
    notReady: () => [
      ...(mesh ? [] : ["the manifests are not read yet"]),
      ...(phase === "starting" ? ["xDS does not listen yet"] : []),
      ...(phase === "stopping" ? ["the control plane is stopping"] : []),
    ],
    clients: () => xds.clients(),
    diagnostics,
    configOf(id) {
      const snapshot = cache.getSnapshot(id);
      return snapshot && renderResources([...snapshot.types.values()].flatMap((type) => [...type.resources.values()]));
    },
    proxies: () => cache.views(),
  });

  async function stop(): Promise<void> {
    phase = "stopping";
    publishing.cancel();
    reporting.cancel();
    await source.close();
    await xds.close();
    await admin.close();
  }

  return {
    async start() {
      try {
        const adminPort = await admin.listen(config.adminAddress);
        apply(await source.start());
        const xdsPort = await xds.listen(formatHostPort(config.xdsAddress));
        phase = "serving";
        const xdsAddress = formatHostPort({ ...config.xdsAddress, port: xdsPort });
        const adminAddress = formatHostPort({ ...config.adminAddress, port: adminPort });
        logger.info({ xds: xdsAddress, admin: adminAddress }, "serving");
        return { xdsPort, adminPort };
      } catch (error) {
        await stop();
        throw error;
      }
    },
    stop,
  };
}
