/** Every golden translation is accepted by real Envoys, of the newest and the oldest supported version. */
import { describe, expect, test } from "vitest";
import { DEFAULT_VERSION, OLDEST_VERSION } from "../../scripts/envoy.ts";
import { bootstrap } from "../../src/translate/bootstrap.ts";
import { validateBootstrap } from "../support/envoy.ts";
import { goldenCases, translateCase } from "../support/golden-case.ts";

const HCM = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const ROUTER = "envoy.extensions.filters.http.router.v3.Router";

/** A static bootstrap with everything in it: route tables stand inline in listeners of their own, endpoints in clusters. */
function staticBootstrap(sections: Awaited<ReturnType<typeof translateCase>>["sections"]): Record<string, unknown> {
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
  const assignments = endpoints.map((assignment, i) => ({ name: `endpoints-${i}`, type: "STATIC", load_assignment: assignment }));
  return {
    ...base,
    static_resources: { clusters: [...own.clusters, ...clusters, ...assignments], listeners: [...listeners, ...tables] },
  };
}

describe.each([DEFAULT_VERSION, OLDEST_VERSION])("Envoy %s accepts", (version) => {
  test.each(goldenCases().map((c) => [c.name, c] as const))("%s", async (_, golden) => {
    const { sections } = await translateCase(golden);
    expect(await validateBootstrap(staticBootstrap(sections), version)).toBeUndefined();
  });
});
