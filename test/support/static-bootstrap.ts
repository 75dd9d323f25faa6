/** Turns what a sidecar would be sent into a bootstrap that `envoy --mode validate` can check. */
import { bootstrap } from "../../src/translate/bootstrap.ts";
import type { TranslatedCase } from "./golden-case.ts";

const HCM = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const ROUTER = "envoy.extensions.filters.http.router.v3.Router";

/** A static bootstrap with everything in it: route tables stand inline in listeners of their own, endpoints in clusters. */
export function staticBootstrap(sections: TranslatedCase["sections"]): Record<string, unknown> {
  const base = bootstrap({
    proxy: "web.shop",
    xds: { host: "127.0.0.1", port: 18_000 },
    admin: { host: "127.0.0.1", port: 0 },
  });
  const own = base["static_resources"] as { clusters: unknown[] };
  const { clusters = [], endpoints = [], listeners = [], routes = [] } = sections;
  const tables = routes.map((table, i) => ({
    name: `table-${i}`,
    address: { socket_address: { address: "127.0.0.1", port_value: 20_000 + i } },
    filter_chains: [
      {
        filters: [
          {
            name: "hcm",
            typed_config: {
              "@type": `type.googleapis.com/${HCM}`,
              stat_prefix: "table",
              route_config: table,
              http_filters: [{ name: "router", typed_config: { "@type": `type.googleapis.com/${ROUTER}` } }],
            },
          },
        ],
      },
    ],
  }));
  const assignments = endpoints.map((assignment, i) => ({
    name: `endpoints-${i}`,
    type: "STATIC",
    load_assignment: assignment,
  }));
  return {
    ...base,
    static_resources: {
      clusters: [...own.clusters, ...clusters, ...assignments],
      listeners: [...listeners, ...tables],
    },
  };
}
