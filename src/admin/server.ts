/** The admin interface: health, metrics, and what every proxy was sent and has accepted. Read-only. */
import { Hono } from "hono";
import type { Diagnostic } from "../base/diagnostic.ts";
import { type ClientStatus, shortType } from "../xds/index.ts";
import { createHealthApp, type HealthView } from "./health.ts";
import { type HttpInterface, httpInterface } from "./listen.ts";

/** Where the interface gets what it shows. */
export interface AdminView extends HealthView {
  /** The clock that `ClientStatus.connectedAt` is read from. */
  now(): number;
  clients(): readonly ClientStatus[];
  diagnostics(): readonly Diagnostic[];
  /** The configuration of a proxy, rendered; undefined when it has none. */
  configOf(proxy: string): unknown;
  /** Which pods have a sidecar, as plain data. */
  sidecars(): unknown;
  /** Ids of the proxies that have a configuration. */
  proxies(): readonly string[];
}

/** Most proxies that an error names. */
const MAX_NAMED = 20;

/** Keep it on loopback: it shows what every sidecar runs. */
export function createAdmin(view: AdminView): HttpInterface {
  return httpInterface(createAdminApp(view));
}

/** The routes, testable without a port. */
export function createAdminApp(view: AdminView): Hono {
  const app = new Hono();
  app.get("/", (c) =>
    c.text(
      [
        "/healthz               the process is alive",
        "/readyz                sidecars are served",
        "/metrics               Prometheus metrics",
        "/debug/proxies         what each proxy was sent and has accepted",
        "/debug/sidecars        which pods have a sidecar, which an old one, which none",
        "/debug/config?proxy=ID what a proxy is to run",
        "/debug/diagnostics     what is wrong with the manifests",
        "",
      ].join("\n"),
    ),
  );
  app.route("/", createHealthApp(view));
  app.get("/debug/proxies", (c) =>
    c.json({ proxies: view.clients().map((client) => describeClient(client, view.now())) }),
  );
  app.get("/debug/config", (c) => {
    const proxy = c.req.query("proxy");
    if (!proxy) return c.json({ error: "say which: /debug/config?proxy=POD.NAMESPACE", proxies: known(view) }, 400);
    const config = view.configOf(proxy);
    if (config === undefined) return c.json({ error: `no proxy ${proxy} is connected`, proxies: known(view) }, 404);
    return c.body(JSON.stringify(config, undefined, 2), 200, { "content-type": "application/json" });
  });
  app.get("/debug/sidecars", (c) => c.json(view.sidecars() ?? {}));
  app.get("/debug/diagnostics", (c) => c.json({ diagnostics: view.diagnostics() }));
  return app;
}

function known(view: AdminView): readonly string[] {
  return view.proxies().slice(0, MAX_NAMED);
}

function describeClient({ node, stream, protocol, connectedAt, types }: ClientStatus, now: number) {
  return {
    id: node.id,
    envoy: node.version,
    locality: { region: node.region, zone: node.zone },
    stream,
    protocol,
    connectedSeconds: Math.round((now - connectedAt) / 1000),
    types: types.map(({ typeUrl, state, wanted, sent, acked, nack, refused, subscribed }) => ({
      type: shortType(typeUrl),
      state,
      wanted,
      sent,
      acked,
      subscribed: subscribed ?? "*",
      ...(nack ? { nack: { version: nack.version, resources: nack.culprits, reason: nack.reason } } : {}),
      ...(Object.keys(refused).length > 0 ? { refused } : {}),
    })),
  };
}
