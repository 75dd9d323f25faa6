import { afterAll, beforeAll, expect, test } from "vitest";
import { apply } from "../../src/kube/apply.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { connect } from "../../src/kube/connect.ts";
import type { KubeObject } from "../../src/kube/object.ts";
import { type ApiServer, startApiServer } from "../support/kubernetes/api-server.ts";

let api: ApiServer;
let client: KubeClient;
beforeAll(async () => {
  api = await startApiServer();
  client = connect({ kubeconfig: api.kubeconfigPath }).client;
});
afterAll(async () => {
  client?.close();
  await api?.close();
});

function configMap(name: string, data: object, metadata: object = {}): KubeObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "default", ...metadata }, data };
}

async function kubectl(...args: readonly string[]): Promise<KubeObject> {
  return JSON.parse(await api.kubectl([...args, "-o", "json"])) as KubeObject;
}

test("an object is created, changed, and left alone where it is as it should be", async () => {
  const options = { resource: "configmaps", manager: "heddle" };
  const created = await apply(client, configMap("one", { a: "1" }), options);
  expect(created["data"]).toEqual({ a: "1" });
  const changed = await apply(client, configMap("one", { a: "2" }), options);
  expect(changed.metadata.uid).toBe(created.metadata.uid);
  const again = await apply(client, configMap("one", { a: "2" }), options);
  expect(again.metadata.resourceVersion).toBe(changed.metadata.resourceVersion);
  expect((await kubectl("get", "configmap", "one"))["data"]).toEqual({ a: "2" });
});

test("what others say stays, what Heddle says is Heddle's, and what it says no more is gone", async () => {
  const options = { resource: "configmaps", manager: "heddle" };
  await api.kubectl(["create", "configmap", "two", "--from-literal=theirs=1", "--from-literal=both=1"]);
  await api.kubectl(["label", "configmap", "two", "team=shop"]);
  await apply(client, configMap("two", { both: "2", ours: "3" }), options);
  const applied = await kubectl("get", "configmap", "two");
  expect(applied["data"]).toEqual({ theirs: "1", both: "2", ours: "3" });
  await apply(client, configMap("two", { both: "2" }, { labels: { by: "heddle" } }), options);
  const after = await kubectl("get", "configmap", "two");
  expect(after["data"]).toEqual({ theirs: "1", both: "2" });
  expect(after.metadata.labels).toEqual({ team: "shop", by: "heddle" });
});

test("two managers of one object do not take each other's fields away", async () => {
  await apply(client, configMap("three", { a: "1" }), { resource: "configmaps", manager: "one" });
  await apply(client, configMap("three", { b: "2" }), { resource: "configmaps", manager: "two" });
  await apply(client, configMap("three", { a: "3" }), { resource: "configmaps", manager: "one" });
  expect((await kubectl("get", "configmap", "three"))["data"]).toEqual({ a: "3", b: "2" });
});

test("the status subresource: a status is written, the spec is not, and what does not exist is not created", async () => {
  await api.kubectl(["apply", "-f", "crds"]);
  await api.kubectl(["wait", "--for=condition=Established", "crd/trafficpolicies.heddle.dev"]);
  const policy: KubeObject = {
    apiVersion: "heddle.dev/v1alpha1",
    kind: "TrafficPolicy",
    metadata: { name: "checkout", namespace: "default" },
    spec: { targetRefs: [{ kind: "Service", name: "checkout" }] },
  };
  const condition = {
    type: "Accepted",
    status: "True",
    reason: "Accepted",
    message: "",
    observedGeneration: 1,
    lastTransitionTime: "2030-01-01T00:00:00Z",
  };
  const { spec: _, ...rest } = policy;
  const judged = { ...rest, status: { observedGeneration: 1, conditions: [condition] } };
  const options = { resource: "trafficpolicies", subresource: "status", manager: "heddle-status" } as const;
  await expect(apply(client, judged, options)).rejects.toMatchObject({ code: "KUBE_API", status: 404 });
  await api.kubectl(["apply", "-f", "-"], JSON.stringify(policy));
  await apply(client, judged, options);
  const after = await kubectl("get", "trafficpolicy", "checkout");
  expect(after).toMatchObject({ spec: policy["spec"], status: judged.status, metadata: { generation: 1 } });
  // A user's next version leaves the status as it is.
  await api.kubectl(["apply", "-f", "-"], JSON.stringify({ ...policy, spec: { ...policy["spec"]!, routes: [{}] } }));
  expect(await kubectl("get", "trafficpolicy", "checkout")).toMatchObject({
    status: judged.status,
    metadata: { generation: 2 },
  });
});

test("a refusal says why", async () => {
  const wrong = apply(client, configMap("Not A Name", {}), { resource: "configmaps", manager: "heddle" });
  await expect(wrong).rejects.toMatchObject({ status: 422, reason: "Invalid" });
  const nowhere = { ...configMap("x", {}), metadata: { name: "x", namespace: "nowhere" } };
  await expect(apply(client, nowhere, { resource: "configmaps", manager: "heddle" })).rejects.toMatchObject({
    status: 404,
    message: expect.stringContaining('namespaces "nowhere" not found'),
  });
});
