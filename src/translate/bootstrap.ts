/** The bootstrap of a sidecar: one static text, from which everything else comes over xDS. */
import { CONTROL_PLANE, controlPlaneCluster, type ControlPlaneTls } from "./bootstrap-cluster.ts";
import { adminCluster, healthListener } from "./bootstrap-health.ts";
import { FLEET } from "./names.ts";

export interface BootstrapOptions {
  /** Node id, `<pod>.<namespace>`; left out where flags of the command line give it. */
  readonly proxy?: string;
  /** Address of the control plane: an IP address or a host name. */
  readonly xds: HostPort;
  /** Where Envoy's admin interface listens; keep it on loopback, it can stop the process. */
  readonly admin: HostPort;
  /** Absent for plaintext, as to a control plane on loopback. */
  readonly tls?: ControlPlaneTls;
  /** Where the kubelet asks whether the sidecar is ready, and Prometheus for statistics; absent for nowhere. */
  readonly health?: HostPort;
}

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Envoy keeps statistics of every cluster; at 1000 services leaving most out halves the time to start and saves 30 MB. */
const STATS = {
  prefixes: [
    "server.",
    "cluster_manager.",
    "listener_manager.",
    "http.",
    "udp.",
    "control_plane.",
    `cluster.${CONTROL_PLANE}.`,
  ],
  /** What a dashboard of a service needs. */
  suffixes: [
    "upstream_rq_total",
    // Bounded load is a share of this one: Envoy counts by it.
    "upstream_rq_active",
    "upstream_rq_completed",
    "upstream_rq_2xx",
    "upstream_rq_4xx",
    "upstream_rq_5xx",
    "upstream_rq_time",
    "upstream_rq_timeout",
    "upstream_rq_retry",
    "upstream_rq_retry_success",
    "upstream_rq_pending_overflow",
    // Newer Envoys count requests above max_requests here.
    "upstream_rq_active_overflow",
    "upstream_cx_active",
    "upstream_cx_overflow",
    "upstream_cx_connect_fail",
    "admission_control.rq_rejected",
    "gradient_controller.rq_blocked",
    "gradient_controller.concurrency_limit",
    "ejections_active",
    "membership_healthy",
    "membership_total",
  ],
};

/** The bootstrap as plain data, ready for JSON or YAML; shape: envoy.config.bootstrap.v3.Bootstrap. */
export function bootstrap({ proxy, xds, admin, tls, health }: BootstrapOptions): Record<string, unknown> {
  // Zero is "wait without limit": not ready before the first accepted answer, rather than ready with nothing.
  const fromControlPlane = { ads: {}, resource_api_version: "V3", initial_fetch_timeout: "0s" };
  return {
    ...(proxy === undefined ? {} : { node: { id: proxy, cluster: proxy.slice(proxy.lastIndexOf(".") + 1) } }),
    admin: { address: socket(admin) },
    dynamic_resources: {
      ads_config: {
        api_type: "DELTA_GRPC",
        transport_api_version: "V3",
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: CONTROL_PLANE } }],
      },
      cds_config: fromControlPlane,
      lds_config: fromControlPlane,
    },
    // Of how many sidecars this one is, for limits that they share: see ADR 9.
    cluster_manager: { local_cluster_name: FLEET },
    static_resources: {
      ...(health && { listeners: [healthListener(health)] }),
      clusters: [
        controlPlaneCluster(xds, tls),
        {
          name: FLEET,
          type: "EDS",
          connect_timeout: "1s",
          eds_cluster_config: { eds_config: fromControlPlane },
        },
        ...(health ? [adminCluster(admin)] : []),
      ],
    },
    stats_config: {
      stats_matcher: {
        inclusion_list: {
          patterns: [...STATS.prefixes.map((prefix) => ({ prefix })), ...STATS.suffixes.map((suffix) => ({ suffix }))],
        },
      },
    },
    layered_runtime: {
      layers: [
        {
          name: "heddle",
          // Envoy issue 45212: with it on, an update of many endpoints at once can lose one.
          static_layer: {
            "envoy.reloadable_features.coalesce_lb_rebuilds_on_batch_update": false,
            // The local cluster is for counting: which zone is near is said by priorities alone.
            "upstream.zone_routing.enabled": 0,
            // Of a route's patterns; Envoy's own limit of 100 refuses `\\w{50}`. The schema refuses what is beyond this one.
            "re2.max_program_size.error_level": 32_768,
          },
        },
      ],
    },
  };
}

function socket({ host, port }: HostPort): Record<string, unknown> {
  return { socket_address: { address: host, port_value: port } };
}
