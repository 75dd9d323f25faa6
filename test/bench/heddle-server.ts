/**
 * Heddle as it runs in a cluster, but for TLS and tokens, which the peer does not have either: Kubernetes events → model →
 * translate → validate and encode → xDS, with metrics, progress and status on top. `node --expose-gc heddle-server.ts
 * KUBECONFIG`; says its ports on standard output as one line of JSON. On the control port: `GET /stats`, `?gc=1` after a collection;
 * `GET /profile` begins a CPU profile, and answers the one before it.
 */
import { createServer } from "node:http";
import { Session } from "node:inspector/promises";
import type { AddressInfo } from "node:net";
import { systemClock as clock } from "../../src/base/clock.ts";
import { createCoalescer } from "../../src/control-plane/coalesce.ts";
import { configSchema } from "../../src/control-plane/config.ts";
import { createConvergence } from "../../src/control-plane/convergence.ts";
import { missingForEnvoy } from "../../src/control-plane/missing.ts";
import { AFTER_SIDECARS, createPipeline } from "../../src/control-plane/pipeline.ts";
import { createPolicyStatuses } from "../../src/control-plane/policy-statuses.ts";
import { createProgress } from "../../src/control-plane/progress.ts";
import { recordEvent } from "../../src/control-plane/xds-events.ts";
import { connect } from "../../src/kube/connect.ts";
import { kubernetesSource } from "../../src/source/kubernetes/source.ts";
import type { SourceState } from "../../src/source/source.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { CLUSTER, createSnapshotCache, createXdsServer, typeSnapshot } from "../../src/xds/index.ts";

/** As in src/control-plane/cluster.ts. */
const STATUS_WINDOW = 300;

const kubeconfig = process.argv[2];
const config = configSchema.parse({ source: "kubernetes", kubeconfig });
const logger = createLogger(config.logLevel);
const metrics = createMetrics();
const cache = createSnapshotCache();
const convergence = createConvergence(clock, (ms) => metrics.convergence.observe(ms / 1000));
const progress = createProgress();
const open = new Set<number>();
const policyStatuses = createPolicyStatuses();
const status = createCoalescer(clock, STATUS_WINDOW, tell, AFTER_SIDECARS);

function tell(): void {
  const { state, mesh } = pipeline;
  if (!state || !mesh) return;
  const reports = [progress.report(xds.clients())];
  policyStatuses({ objects: state.objects, mesh, diagnostics: pipeline.diagnostics(), reports });
}

const pipeline = createPipeline(config, {
  cache,
  clock,
  logger,
  metrics,
  onSnapshot: (mesh) => progress.snapshot(mesh),
  onView(proxy) {
    const view = cache.getSnapshot(proxy);
    progress.viewed(proxy, (typeUrl) => view && typeSnapshot(view, typeUrl).version);
    status.request();
  },
});
const xds = createXdsServer({
  cache,
  clock,
  missing: missingForEnvoy,
  onEvent(event) {
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
    }
    status.request();
  },
});

function apply(next: SourceState): void {
  convergence.changed();
  pipeline.apply(next);
  status.request();
}

const source = kubernetesSource({
  client: connect({ kubeconfig }).client,
  clock,
  onChange: apply,
  onEvent(event) {
    if (event.kind === "failed") logger.warn({ path: event.path }, event.error.message);
  },
});
apply(await source.start());
const xdsPort = await xds.listen("127.0.0.1:0");

let session: Session | undefined;

const control = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
  // The kind of collection that gives memory back to the system, as the peer's does.
  if (searchParams.has("gc")) globalThis.gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
  void (pathname === "/profile" ? profile() : stats()).then((value) => response.end(JSON.stringify(value)));
});
control.listen(0, "127.0.0.1", () => {
  const { port } = control.address() as AddressInfo;
  console.log(JSON.stringify({ xdsPort, controlPort: port }));
});

/** Counters of the metrics, summed over types, and memory. */
async function stats(): Promise<unknown> {
  const counters: Record<string, number> = {};
  for (const { name, values } of await metrics.registry.getMetricsAsJSON()) {
    if (name.startsWith("heddle_") && name.endsWith("_total"))
      counters[name] = values.reduce((sum, { value }) => sum + value, 0);
  }
  const { user, system } = process.cpuUsage();
  return { pid: process.pid, cpu: (user + system) / 1e6, memory: process.memoryUsage(), counters };
}

async function profile(): Promise<unknown> {
  const before = session && (await session.post("Profiler.stop")).profile;
  if (!session) {
    session = new Session();
    session.connect();
    await session.post("Profiler.enable");
  }
  await session.post("Profiler.start");
  return before ?? {};
}
