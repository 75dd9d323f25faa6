import { expect, onTestFinished, test } from "vitest";
import { createAdmin } from "../../src/admin/server.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import {
  type ClientStatus,
  CLUSTER,
  ENDPOINT,
  LISTENER,
  ROUTE,
  type SyncState,
  type TypeStatus,
} from "../../src/xds/index.ts";
import { runCli } from "../support/run-cli.ts";

function typeStatus(typeUrl: string, state: SyncState, refused: Record<string, string> = {}): TypeStatus {
  const progress = { settled: true, complete: true };
  return { typeUrl, state, wanted: "1", sent: "1", acked: "1", nack: undefined, refused, ...progress, subscribed: 1 };
}

function client(id: string, protocol: "delta" | "sotw", types: readonly TypeStatus[]): ClientStatus {
  const node = { id, cluster: "", region: "", zone: "", agent: "envoy", version: "1.40.0" };
  return { stream: 1, node, protocol, connectedAt: 0, types };
}

async function serve(clients: readonly ClientStatus[]): Promise<string> {
  const admin = createAdmin({
    metrics: createMetrics().registry,
    now: () => 0,
    notReady: () => [],
    clients: () => clients,
    diagnostics: () => [],
    sidecars: () => undefined,
    configOf: () => undefined,
    proxies: () => [],
  });
  const port = await admin.listen({ host: "127.0.0.1", port: 0 });
  onTestFinished(() => admin.close());
  return `http://127.0.0.1:${port}`;
}

test("a line a sidecar, by name, and the reasons of refusals on the side", async () => {
  const url = await serve([
    client("web.shop", "sotw", [typeStatus(CLUSTER, "STALE"), typeStatus(ENDPOINT, "NOT_SENT")]),
    client("api.shop", "delta", [
      typeStatus(CLUSTER, "REJECTED", { checkout: "no such thing" }),
      typeStatus(ENDPOINT, "SYNCED"),
      typeStatus(LISTENER, "SYNCED"),
      typeStatus(ROUTE, "SYNCED"),
    ]),
  ]);
  expect(await runCli("proxy-status", "--admin", `${url}/`)).toEqual({
    code: 0,
    stdout: [
      "NAME      CDS       EDS       LDS     RDS     PROTOCOL  ENVOY",
      "api.shop  REJECTED  SYNCED    SYNCED  SYNCED  delta     1.40.0",
      "web.shop  STALE     NOT SENT  -       -       sotw      1.40.0",
      "",
    ].join("\n"),
    stderr: "api.shop refuses CDS checkout: no such thing\n",
  });
});

test("says that nobody is connected", async () => {
  const url = await serve([]);
  expect(await runCli("ps", "--admin", url)).toEqual({ code: 0, stdout: "", stderr: "no proxies are connected\n" });
});

test("says that there is no control plane", async () => {
  const url = await serve([]);
  const gone = url.replace(/\d+$/, "1");
  const run = await runCli("proxy-status", "--admin", gone);
  expect([run.code, run.stdout]).toEqual([1, ""]);
  expect(run.stderr).toMatch(
    /^heddle: cannot read http:\/\/127\.0\.0\.1:1\/debug\/proxies: .*is the control plane running there\?\n$/,
  );
});
