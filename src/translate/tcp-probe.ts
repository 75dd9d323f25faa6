/**
 * TCP probes of captured pods. A sidecar accepts every connection, so that the kubelet's own TCP probe would find any
 * application well. The injector turns such a probe into an HTTP one to the sidecar, which opens connections to the application
 * itself and answers 200 while that works, 503 while it does not.
 */
import { create } from "@bufbuild/protobuf";
import { type Cluster, Cluster_DiscoveryType, ClusterSchema } from "../gen/envoy/config/cluster/v3/cluster_pb.ts";
import { TrafficDirection } from "../gen/envoy/config/core/v3/base_pb.ts";
import { type Listener, ListenerSchema } from "../gen/envoy/config/listener/v3/listener_pb.ts";
import { HealthCheckSchema } from "../gen/envoy/extensions/filters/http/health_check/v3/health_check_pb.ts";
import { HttpFilterSchema } from "../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { answeredBy } from "./connection-manager.ts";
import { duration, pack, socketAddress } from "./envoy.ts";
import { INBOUND_SOURCE } from "./fixed-clusters.ts";

/** Where the kubelet asks: `GET /tcp/8080`. It is not captured. */
const PROBE_PORT = 15_020;
/** The kubelet's own shortest period. */
const PERIOD = 1000;

function clusterName(port: number): string {
  return `probe|${port}`;
}

/** The application's port, with a connection opened to it every second. */
export function probeCluster(address: string, port: number): Cluster {
  const name = clusterName(port);
  return create(ClusterSchema, {
    name,
    clusterDiscoveryType: { case: "type", value: Cluster_DiscoveryType.STATIC },
    connectTimeout: duration(PERIOD),
    upstreamBindConfig: { sourceAddress: { address: INBOUND_SOURCE, portSpecifier: { case: "portValue", value: 0 } } },
    healthChecks: [
      {
        timeout: duration(PERIOD),
        interval: duration(PERIOD),
        // Nothing but the check uses the cluster.
        noTrafficInterval: duration(PERIOD),
        unhealthyThreshold: 1,
        healthyThreshold: 1,
        healthChecker: { case: "tcpHealthCheck", value: {} },
      },
    ],
    loadAssignment: {
      clusterName: name,
      endpoints: [
        {
          lbEndpoints: [{ hostIdentifier: { case: "endpoint", value: { address: socketAddress(address, port) } } }],
        },
      ],
    },
  });
}

export function probeListener(ports: readonly number[]): Listener {
  const filters = ports.map((port) =>
    create(HttpFilterSchema, {
      name: `tcp-probe-${port}`,
      configType: {
        case: "typedConfig",
        value: pack(HealthCheckSchema, {
          passThroughMode: false,
          clusterMinHealthyPercentages: { [clusterName(port)]: { value: 100 } },
          headers: [
            {
              name: ":path",
              headerMatchSpecifier: {
                case: "stringMatch",
                value: { matchPattern: { case: "exact", value: `/tcp/${port}` } },
              },
            },
          ],
        }),
      },
    }),
  );
  return create(ListenerSchema, {
    name: "probes",
    address: socketAddress("0.0.0.0", PROBE_PORT),
    trafficDirection: TrafficDirection.INBOUND,
    filterChains: [{ filters: [answeredBy("probes", filters)] }],
  });
}
