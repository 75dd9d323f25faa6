/** The bootstrap's listener for the kubelet and for Prometheus: two paths of Envoy's admin interface, and no others. */
import type { HostPort } from "./bootstrap.ts";

const ADMIN = "admin";
const TYPE = "type.googleapis.com";

/**
 * `/ready` answers 200 once the first clusters and listeners were accepted: the bootstrap waits for them without limit.
 * `/stats/prometheus` gives the statistics.
 */
export function healthListener({ host, port }: HostPort): Record<string, unknown> {
  const paths = ["/ready", "/stats/prometheus"];
  return {
    name: "health",
    address: { socket_address: { address: host, port_value: port } },
    filter_chains: [
      {
        filters: [
          {
            name: "http",
            typed_config: {
              "@type": `${TYPE}/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
              stat_prefix: "health",
              route_config: {
                virtual_hosts: [
                  {
                    name: "health",
                    domains: ["*"],
                    routes: paths.map((path) => ({ match: { path }, route: { cluster: ADMIN } })),
                  },
                ],
              },
              http_filters: [
                {
                  name: "router",
                  typed_config: { "@type": `${TYPE}/envoy.extensions.filters.http.router.v3.Router` },
                },
              ],
            },
          },
        ],
      },
    ],
  };
}

export function adminCluster({ host, port }: HostPort): Record<string, unknown> {
  const endpoint = { address: { socket_address: { address: host, port_value: port } } };
  return {
    name: ADMIN,
    type: "STATIC",
    connect_timeout: "1s",
    load_assignment: { cluster_name: ADMIN, endpoints: [{ lb_endpoints: [{ endpoint }] }] },
  };
}
