/** Wires a control plane together: source → model → translate → xds. */
import { type Clock, systemClock } from "../base/clock.ts";
import { createHealthApp } from "../admin/health.ts";
import { httpInterface } from "../admin/listen.ts";
import { createAdmin } from "../admin/server.ts";
import { directorySource } from "../source/directory/source.ts";
import type { Source, SourceState } from "../source/source.ts";
import type { Logger } from "../telemetry/logger.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import { CLUSTER, createSnapshotCache, createXdsServer, typeSnapshot, type XdsEvent } from "../xds/index.ts";
import type { ClusterSide } from "./cluster.ts";
import { type Config, formatHostPort } from "./config.ts";
import { createConvergence } from "./convergence.ts";
import { missingForEnvoy } from "./missing.ts";
import { createPipeline } from "./pipeline.ts";
import { createProgress } from "./progress.ts";
import { renderResources } from "./render.ts";
import { overviewSidecars } from "./sidecars.ts";
import { recordEvent } from "./xds-events.ts";

export interface ControlPlane {
  /**
   * Resolves when sidecars are served: not before the source was read and the first snapshot is built, since an empty answer
   * would take away what sidecars run. When it rejects, nothing is left running.
   *
   * @throws HeddleError SOURCE_UNREADABLE, KUBE_CONFIG, XDS_LISTEN, ADMIN_LISTEN, WEBHOOK_LISTEN
   */
  start(): Promise<{ readonly xdsPort: number; readonly adminPort: number }>;
  stop(): Promise<void>;
}

export function createControlPlane(
  config: Config,
  { logger, clock = systemClock }: { readonly logger: Logger; readonly clock?: Clock },
): ControlPlane {
  const metrics = createMetrics();
  const cache = createSnapshotCache();
  const convergence = createConvergence(clock, (ms) => metrics.convergence.observe(ms / 1000));
  const progress = createProgress();
  const pipeline = createPipeline(config, {
    cache,
    clock,
    logger,
    metrics,
    onSnapshot: (mesh) => progress.snapshot(mesh),
    onView(proxy) {
      const view = cache.getSnapshot(proxy);
      progress.viewed(proxy, (typeUrl) => view && typeSnapshot(view, typeUrl).version);
      cluster?.changed();
    },
  });
  let phase: "starting" | "serving" | "stopping" = "starting";
  let source: Source | undefined;
  let cluster: ClusterSide | undefined;
  const open = new Set<number>();

  const xds = createXdsServer({
    cache,
    clock,
    missing: missingForEnvoy,
    onEvent,
    // A cluster's sidecars are who their tokens say; a folder is served on loopback.
    ...(config.source.kind === "kubernetes" && { authenticate: (caller) => cluster!.authenticate(caller) }),
  });

  function onEvent(event: XdsEvent): void {
    recordEvent(event, open, { metrics, logger, convergence });
    progress.event(event);
    const { id } = event.node;
    if (id === "") return;
    if (event.kind === "connect") {
      pipeline.publisher.connect(id);
      pipeline.report();
    } else if (event.kind === "disconnect") {
      pipeline.publisher.disconnect(id);
      if (!cache.getSnapshot(id)) progress.forget(id);
    } else if (event.kind === "action") {
      if (event.action.kind === "wake" || event.action.kind === "send") return;
      if (event.action.kind === "asked") {
        if (event.action.typeUrl === CLUSTER) pipeline.publisher.demand(id, event.action.names);
        return;
      }
      if (event.action.kind === "nack") {
        metrics.refusals.set(xds.refusals.size);
        metrics.refusalsEvicted.set(xds.refusals.evicted);
      }
    }
    cluster?.changed();
  }

  function apply(next: SourceState): void {
    convergence.changed();
    pipeline.apply(next);
    cluster?.changed();
  }

  const notReady = (): readonly string[] => [
    ...(source?.pending() ?? ["the source is not open yet"]),
    ...(phase === "starting" ? ["xDS does not listen yet"] : []),
    ...(phase === "stopping" ? ["the control plane is stopping"] : []),
  ];
  const admin = createAdmin({
    metrics: metrics.registry,
    now: () => clock.now(),
    notReady,
    clients: () => xds.clients(),
    diagnostics: () => pipeline.diagnostics(),
    configOf(id) {
      const snapshot = cache.getSnapshot(id);
      return snapshot && renderResources([...snapshot.types.values()].flatMap((type) => [...type.resources.values()]));
    },
    proxies: () => cache.views(),
    sidecars: () => pipeline.state && overviewSidecars(pipeline.state.objects, cluster?.template()),
  });
  const health = config.healthAddress && httpInterface(createHealthApp({ metrics: metrics.registry, notReady }));

  async function openSource(): Promise<Source> {
    if (config.source.kind === "directory") return directorySource(config.source.path, { onChange: apply, clock });
    // Only here: certificates and the cluster's client are slow to load.
    const { createClusterSide } = await import("./cluster.ts");
    cluster = await createClusterSide(config, {
      clock,
      logger,
      metrics,
      pipeline,
      onChange: apply,
      report: () => progress.report(xds.clients()),
    });
    return cluster.source;
  }

  async function listen(): Promise<number> {
    if (!cluster) return xds.listen(formatHostPort(config.xdsAddress));
    const listener = await xds.listenTls(config.xdsAddress, cluster.certificate());
    cluster.onCertificate((certificate) => listener.setCertificate(certificate));
    return listener.port;
  }

  async function stop(): Promise<void> {
    phase = "stopping";
    pipeline.stop();
    await source?.close();
    await cluster?.stop();
    await xds.close();
    await health?.close();
    await admin.close();
  }

  return {
    async start() {
      try {
        const adminPort = await admin.listen(config.adminAddress);
        if (config.healthAddress) await health?.listen(config.healthAddress);
        source = await openSource();
        apply(await source.start());
        await cluster?.start();
        const xdsPort = await listen();
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
