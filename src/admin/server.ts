/** The admin interface: health, metrics, and what every proxy was sent and has accepted. Read-only. */
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import type { Registry } from "prom-client";
import type { Diagnostic } from "../base/diagnostic.ts";
import { HeddleError } from "../base/errors.ts";
import { type ClientStatus, shortType } from "../xds/index.ts";

/** Where the interface gets what it shows. */
export interface AdminView {
  readonly metrics: Registry;
  /** The clock that `ClientStatus.connectedAt` is read from. */
  now(): number;
  /** Reasons not to be ready; none when ready. */
  notReady(): readonly string[];
  clients(): readonly ClientStatus[];
  diagnostics(): readonly Diagnostic[];
  /** The configuration of a proxy, rendered; undefined when it has none. */
  configOf(proxy: string): unknown;
  /** Ids of the proxies that have a configuration. */
  proxies(): readonly string[];
}

export interface Admin {
  /** @returns the port. @throws HeddleError ADMIN_LISTEN */
  listen(address: { readonly host: string; readonly port: number }): Promise<number>;
  close(): Promise<void>;
}

/** Most proxies that an error names. */
const MAX_NAMED = 20;

export function createAdmin(view: AdminView): Admin {
  const server = createAdaptorServer({ fetch: createAdminApp(view).fetch });
  return {
    listen: ({ host, port }) =>
      new Promise((resolve, reject) => {
        server.once("error", (error) => {
          reject(
            new HeddleError("ADMIN_LISTEN", `cannot listen on ${host}:${port}: ${error.message}`, { cause: error }),
          );
        });
        server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        if ("closeAllConnections" in server) server.closeAllConnections();
      }),
  };
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
        "/debug/config?proxy=ID what a proxy is to run",
        "/debug/diagnostics     what is wrong with the manifests",
        "",
      ].join("\n"),
    ),
  );
  app.get("/healthz", (c) => c.text("ok\n"));
  app.get("/readyz", (c) => {
    const reasons = view.notReady();
    return reasons.length === 0 ? c.text("ok\n") : c.text(`${reasons.join("\n")}\n`, 503);
  });
  app.get("/metrics", async (c) =>
    c.body(await view.metrics.metrics(), 200, { "content-type": view.metrics.contentType }),
  );
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
