/** The parts of a control plane that live in a cluster: what it reads there, who may connect, and what it writes back. */
import type { Clock } from "../base/clock.ts";
import { createTokenReviewer } from "../identity/token-review.ts";
import { connect } from "../kube/connect.ts";
import type { KubeClient } from "../kube/client.ts";
import { kubernetesSource } from "../source/kubernetes/source.ts";
import type { Source, SourceListener } from "../source/source.ts";
import { startReportExchange, type ReportExchange } from "../status/report-exchange.ts";
import type { ReplicaReport } from "../status/report.ts";
import type { WantedStatus } from "../status/wanted.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Authenticate, ServerCertificate } from "../xds/index.ts";
import { authenticateByToken } from "./authenticate.ts";
import { createCoalescer } from "./coalesce.ts";
import type { Config } from "./config.ts";
import { type Identity, openIdentity } from "./identity.ts";
import { startInjector, type Injector } from "./injector.ts";
import { type Leader, startLeader } from "./leader.ts";
import { AFTER_SIDECARS, type Pipeline } from "./pipeline.ts";
import { createPolicyStatuses } from "./policy-statuses.ts";
import { routeStatuses } from "./route-statuses.ts";
import { createSidecarConfigs, sidecarFiles } from "./sidecar-config.ts";

export interface ClusterSide {
  readonly source: Source;
  readonly authenticate: Authenticate;
  certificate(): ServerCertificate;
  onCertificate(listener: (certificate: ServerCertificate) => void): void;
  /** To be called when the first snapshot is built: from then on the cluster is told. */
  start(): Promise<void>;
  /** Hash of the template of new sidecars; undefined without an injector. */
  template(): string | undefined;
  /** Something changed that status may rest on. */
  changed(): void;
  stop(): Promise<void>;
}

export interface ClusterDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly pipeline: Pipeline;
  readonly onChange: SourceListener;
  readonly report: () => ReplicaReport;
}

/** Milliseconds between two looks at what the sidecars of this replica have accepted. */
const STATUS_WINDOW = 300;
const AUDIENCE = "heddle";

/** @throws HeddleError KUBE_CONFIG */
export async function createClusterSide(config: Config, deps: ClusterDeps): Promise<ClusterSide> {
  const { clock, logger, metrics, onChange } = deps;
  const { client } = connect({ kubeconfig: config.kubeconfig, context: config.context });
  const identity = await openIdentity(config, { client, clock, logger });
  const source = kubernetesSource({
    client,
    clock,
    onChange,
    onEvent(event) {
      metrics.reflectorEvents.inc({ kind: event.kind, path: event.path });
      if (event.kind !== "failed") return;
      const { path, error, retryIn } = event;
      logger.warn({ path, code: error.code, retryInMs: Math.round(retryIn) }, error.message);
    },
  });
  const review = createTokenReviewer({
    client,
    clock,
    audience: AUDIENCE,
    onReview: (outcome) => metrics.tokenReviews.inc({ outcome }),
  });
  const told = tellCluster(config, { ...deps, client, identity });
  return {
    source,
    authenticate: authenticateByToken(review, { clock, wallClock: Date.now, random: Math.random }),
    certificate: () => identity.current().serverCertificate,
    onCertificate: (listener) => identity.onChange(({ serverCertificate }) => listener(serverCertificate)),
    start: told.start,
    changed: told.changed,
    template: told.template,
    async stop() {
      await told.stop();
      await identity.close();
      client.close();
    },
  };
}

/** What goes back into the cluster. */
function tellCluster(
  config: Config,
  deps: ClusterDeps & { readonly client: KubeClient; readonly identity: Identity },
): Pick<ClusterSide, "start" | "changed" | "template" | "stop"> {
  const { client, clock, logger, pipeline, identity } = deps;
  const { namespace, service, replica } = config;
  const serverName = `${service}.${namespace}.svc`;
  const configs = createSidecarConfigs({
    client,
    clock,
    files: () =>
      sidecarFiles({
        // With the cluster's domain: Envoy resolves names as they are.
        xds: { host: `${serverName}.${config.clusterDomain}`, port: config.xdsAddress.port },
        serverName,
        trustBundle: identity.current().bundle,
      }),
    onError: (where, err) => logger.warn({ namespace: where, err }, "the sidecars' files could not be written"),
  });
  let exchange: ReportExchange | undefined;
  let leader: Leader | undefined;
  let injector: Injector | undefined;
  const policyStatuses = createPolicyStatuses();
  const telling = createCoalescer(clock, STATUS_WINDOW, tell, AFTER_SIDECARS);

  function tell(): void {
    const { state, mesh } = pipeline;
    if (!exchange || !leader || !state || !mesh) return;
    exchange.publish(deps.report());
    const reports = exchange.reports();
    const policies = policyStatuses({ objects: state.objects, mesh, diagnostics: pipeline.diagnostics(), reports });
    const statuses = new Map<string, WantedStatus>([...policies, ...routeStatuses(mesh)]);
    leader.changed({ mesh, statuses, trustBundle: identity.current().bundle });
  }

  return {
    async start() {
      const onError = (err: unknown): void => logger.warn({ err }, "replica reports: a request failed");
      exchange = startReportExchange({ client, namespace, replica, clock, onChange: () => telling.request(), onError });
      leader = startLeader({
        ...deps,
        namespace,
        service,
        replica,
        configs,
        webhookConfiguration: config.webhookConfiguration,
      });
      injector = await startInjector(config, { ...deps, configs });
      identity.onChange(() => telling.request());
      telling.request();
    },
    changed: () => telling.request(),
    template: () => injector?.template,
    async stop() {
      telling.cancel();
      await injector?.close();
      await leader?.close();
      await exchange?.close();
    },
  };
}
