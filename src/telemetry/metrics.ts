import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

/** The metrics of a control plane. None has a label by proxy or by object: their number must not grow with the mesh. */
export type Metrics = ReturnType<typeof createMetrics>;

/**
 * Counts by resource type, which are few. They are put into the registry when it is read: for every response and every ACK of a thousand
 * sidecars, looking a counter up by its labels was a tenth of the work of a change.
 */
export interface Tally {
  inc(labels: { readonly type: string }, by?: number): void;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Makes a registry of its own, so that several control planes fit into one process. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> =>
    new Counter({ name, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []): Gauge<L> =>
    new Gauge({ name, help, labelNames, registers });
  const histogram = (name: string, help: string): Histogram =>
    new Histogram({ name, help, buckets: SECONDS, registers });

  const byType = (name: string, help: string): Tally => {
    // A counter that nothing has happened to is 0, not absent.
    const counts = new Map(["CDS", "EDS", "SDS", "LDS", "RDS"].map((type) => [type, 0]));
    const collect = function (this: Counter<"type">): void {
      this.reset();
      for (const [type, count] of counts) this.inc({ type }, count);
    };
    new Counter({ name, help, labelNames: ["type"], registers, collect });
    return { inc: ({ type }, by = 1) => void counts.set(type, (counts.get(type) ?? 0) + by) };
  };

  return {
    registry,
    streams: gauge("heddle_xds_streams", "Open discovery streams"),
    refusedStreams: counter("heddle_xds_refused_streams_total", "Streams refused because the limit was reached"),
    unauthenticated: counter("heddle_xds_unauthenticated_total", "Streams of callers that were not admitted", [
      "reason",
    ]),
    refusedConnections: counter("heddle_xds_refused_connections_total", "Connections that failed before any stream", [
      "reason",
    ]),
    responses: byType("heddle_xds_responses_sent_total", "Discovery responses sent"),
    resources: byType("heddle_xds_resources_sent_total", "Resources in discovery responses, removals included"),
    bytes: byType("heddle_xds_bytes_sent_total", "Bytes of discovery responses"),
    acks: byType("heddle_xds_acks_total", "Responses that clients acknowledged"),
    nacks: byType("heddle_xds_nacks_total", "Responses that clients refused"),
    stale: byType("heddle_xds_stale_requests_total", "Requests whose nonce answers nothing"),
    cures: counter("heddle_xds_cures_total", "Clients that had gone silent and were sent clusters again", ["reason"]),
    refusals: gauge("heddle_xds_refusals", "Refused contents that are remembered"),
    refusalsEvicted: gauge("heddle_xds_refusals_evicted", "Refused contents that were forgotten for the limit"),
    leading: gauge("heddle_leading", "1 while this replica holds the lease"),
    statusWrites: counter("heddle_status_writes_total", "Statuses of policies that were written, or could not be", [
      "outcome",
    ]),
    reflectorEvents: counter("heddle_kube_reflector_events_total", "Lists, ended watches and failures", [
      "kind",
      "path",
    ]),
    injections: counter("heddle_injections_total", "Pods that the injector was asked about", ["outcome"]),
    tokenReviews: counter("heddle_token_reviews_total", "Tokens of sidecars that were checked", ["outcome"]),
    snapshots: counter("heddle_snapshots_total", "Mesh snapshots built"),
    translations: histogram("heddle_translation_seconds", "Time to translate the mesh for one proxy"),
    published: histogram(
      "heddle_publish_seconds",
      "Time from a change of the source until it is set for every sidecar",
    ),
    convergence: histogram("heddle_convergence_seconds", "Time from a change of the source to the last sidecar's ACK"),
    built: byType(
      "heddle_resources_built_total",
      "Resources translated and encoded, once for all sidecars that are sent them",
    ),
    invalid: byType("heddle_invalid_resources_total", "Resources left out because an Envoy would refuse them"),
    demandsRefused: counter(
      "heddle_demands_refused_total",
      "Hosts that sidecars asked for beyond the limit of one sidecar",
    ),
    failures: counter("heddle_translation_failures_total", "Translations that failed; the proxy keeps what it has"),
    objects: gauge("heddle_objects", "Objects in the mesh", ["kind"]),
    diagnostics: gauge("heddle_diagnostics", "Findings on the manifests", ["level"]),
  };
}
