/** A cluster as a source: nothing is served before all of it is read, and what was read stays while the API server is away. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createControlPlane } from "../../src/control-plane/control-plane.ts";
import { configSchema } from "../../src/control-plane/config.ts";
import { connect } from "../../src/kube/connect.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { kubernetesSource } from "../../src/source/kubernetes/source.ts";
import type { SourceState } from "../../src/source/source.ts";
import { freePort } from "../support/free-port.ts";
import { memoryLog } from "../support/memory-log.ts";
import { type ApiServer, startApiServer } from "../support/kubernetes/api-server.ts";
import { until } from "../support/until.ts";

let api: ApiServer;
let client: KubeClient;

beforeAll(async () => {
  api = await startApiServer();
  ({ client } = connect({ kubeconfig: api.kubeconfigPath }));
}, 2_700_000);

afterAll(async () => {
  client?.close();
  await api?.close();
}, 60_000);

test("xDS opens only when every kind has been read; until then it says what it waits for", async () => {
  await api.kubectl(["create", "namespace", "heddle-system"]);
  const [xds, admin] = [await freePort(), await freePort()];
  const config = configSchema.parse({
    source: "kubernetes",
    kubeconfig: api.kubeconfigPath,
    xdsAddress: `127.0.0.1:${xds}`,
    adminAddress: `127.0.0.1:${admin}`,
  });
  const { logger } = memoryLog();
  const controlPlane = createControlPlane(config, { logger });
  const started = controlPlane.start();
  const ready = (): Promise<Response> => fetch(`http://127.0.0.1:${admin}/readyz`);
  // The CRDs are not there.
  const reasons = await until("the other kinds are read", 30_000, async () => {
    const text = await (await ready()).text();
    return !text.includes("Service objects") && text.includes("TrafficPolicy objects are not read yet: GET") && text;
  });
  expect((await ready()).status).toBe(503);
  expect(reasons).toContain("are the CRDs installed? helm install heddle-crds");
  expect(reasons).toContain("xDS does not listen yet");
  await expect(fetch(`http://127.0.0.1:${xds}/`)).rejects.toThrow();

  await api.kubectl(["apply", "--server-side", "--filename=crds"]);
  await started;
  expect((await ready()).status).toBe(200);
  await controlPlane.stop();
}, 120_000);

test("follows every kind; a broken object keeps its last good version, and says so", async () => {
  let state: SourceState | undefined;
  const source = kubernetesSource({ client, onChange: (next) => (state = next) });
  state = await source.start();
  expect([...state.objects.Service.keys()]).toContain("default/kubernetes");
  const before = state.objects;

  await api.kubectl(["create", "namespace", "shop"]);
  await api.kubectl(["create", "service", "clusterip", "web", "--tcp=80", "--namespace=shop"]);
  await until("the service is known", 10_000, () => state?.objects.Service.has("shop/web"));
  // Maps of kinds that did not change are the very same: the model builds nothing anew for them.
  expect(state.objects.Node).toBe(before.Node);
  expect(state.objects.Service).not.toBe(before.Service);

  // A pattern that is none gets past the API server, whose rules cannot compile it.
  const policy = (regex: string): string =>
    JSON.stringify({
      apiVersion: "heddle.dev/v1alpha1",
      kind: "TrafficPolicy",
      metadata: { name: "web", namespace: "shop" },
      spec: { targetRefs: [{ kind: "Service", name: "web" }], routes: [{ match: [{ path: { regex } }] }] },
    });
  await api.kubectl(["apply", "--filename=-"], policy("/a+"));
  await until("the policy is known", 10_000, () => state?.objects.TrafficPolicy.has("shop/web"));
  await api.kubectl(["apply", "--filename=-"], policy("/(?=a)"));
  await until("its fault is known", 10_000, () => (state?.diagnostics.length ?? 0) > 0);
  expect(state.diagnostics[0]).toMatchObject({ code: "HED1206", path: "spec.routes[0].match[0].path.regex" });
  const kept = state.objects.TrafficPolicy.get("shop/web")?.object.spec.routes?.[0]?.match?.[0]?.path?.regex;
  expect(kept).toBe("/a+");
  await api.kubectl(["apply", "--filename=-"], policy("/b+"));
  await until("it is mended", 10_000, () => state?.diagnostics.length === 0);
  await api.kubectl(["delete", "namespace", "shop", "--wait=false"]);
  await api.kubectl(["delete", "tp", "web", "--namespace=shop"]);
  await until("it is gone", 10_000, () => !state?.objects.TrafficPolicy.has("shop/web"));
  await source.close();
}, 60_000);
