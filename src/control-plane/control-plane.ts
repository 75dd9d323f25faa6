/** Wires a control plane together: source → model → translate → xds. */
import { type Clock, systemClock } from "../base/clock.ts";
import { compareDiagnostics } from "../base/diagnostic.ts";
import { type Admin, createAdmin } from "../admin/server.ts";
import { buildSnapshot } from "../model/build.ts";
import type { MeshSnapshot } from "../model/snapshot.ts";
import { directorySource } from "../source/directory/source.ts";
import type { SourceState } from "../source/source.ts";
import type { Logger } from "../telemetry/logger.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import { DEFAULT_SETTINGS } from "../translate/settings.ts";
import { createTranslator } from "../translate/translate.ts";
import { createSnapshotCache, createXdsServer } from "../xds/index.ts";
import { type Config, formatHostPort } from "./config.ts";
import { createConvergence } from "./convergence.ts";
import { createEncoder } from "./encode.ts";
import { createFindingsLog } from "./findings.ts";
import { missingForEnvoy } from "./missing.ts";
import { createPublisher } from "./publisher.ts";
import { renderResources } from "./render.ts";
import { recordEvent } from "./xds-events.ts";

export interface ControlPlane {
  /**
   * Resolves when sidecars are served: not before the source was read and the first snapshot is built, since an empty answer
   * would take away what sidecars run.
   *
   * @throws HeddleError SOURCE_UNREADABLE, XDS_LISTEN, ADMIN_LISTEN
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
  const settings = { ...DEFAULT_SETTINGS, clusterDomain: config.clusterDomain, outboundPolicy: config.outboundPolicy };
  const translate = createTranslator(settings);
  const encode = createEncoder((type) => metrics.invalid.inc({ type }));
  const publisher = createPublisher({ cache, translate, encode, clock, logger, metrics });
  const convergence = createConvergence((ms) => metrics.convergence.observe(ms / 1000));
  const report = createFindingsLog(logger, metrics);
  let mesh: MeshSnapshot | undefined;
  let state: SourceState | undefined;
  let serving = false;

  const xds = createXdsServer({
    cache,
    clock,
    missing: missingForEnvoy,
    onEvent(event) {
      recordEvent(event, { metrics, logger, convergence, clock });
      if (event.kind === "connect") publisher.connect(event.node.id);
      else if (event.kind === "disconnect" && event.node.id !== "") publisher.disconnect(event.node.id);
    },
  });

  const diagnostics = () =>
    [...(state?.diagnostics ?? []), ...(mesh?.diagnostics ?? []), ...publisher.diagnostics()].sort(compareDiagnostics);

  function apply(next: SourceState): void {
    state = next;
    convergence.changed(clock.now());
    mesh = buildSnapshot(next.objects, { clusterDomain: config.clusterDomain }, mesh);
    publisher.publish(mesh);
    metrics.snapshots.inc();
    for (const [kind, objects] of Object.entries(next.objects)) metrics.objects.set({ kind }, objects.size);
    metrics.refusals.set(xds.refusals.size);
    metrics.refusalsEvicted.set(xds.refusals.evicted);
    report(diagnostics());
  }

  const source = directorySource(config.source.path, { onChange: apply, clock });
  const admin: Admin = createAdmin({
    metrics: metrics.registry,
    now: () => clock.now(),
    notReady: () => [
      ...(mesh ? [] : ["the manifests are not read yet"]),
      ...(serving ? [] : ["xDS does not listen yet"]),
    ],
    clients: () => xds.clients(),
    diagnostics,
    configOf(id) {
      const snapshot = cache.getSnapshot(id);
      return snapshot && renderResources([...snapshot.types.values()].flatMap((type) => [...type.resources.values()]));
    },
    proxies: () => cache.views(),
  });

  return {
    async start() {
      const adminPort = await admin.listen(config.adminAddress);
      apply(await source.start());
      const xdsPort = await xds.listen(formatHostPort(config.xdsAddress));
      serving = true;
      logger.info(
        { xds: `${config.xdsAddress.host}:${xdsPort}`, admin: `${config.adminAddress.host}:${adminPort}` },
        "serving",
      );
      return { xdsPort, adminPort };
    },
    async stop() {
      serving = false;
      await source.close();
      await xds.close();
      await admin.close();
    },
  };
}
