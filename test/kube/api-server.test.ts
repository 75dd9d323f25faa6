import { afterAll, beforeAll, expect, test } from "vitest";
import { connect } from "../../src/kube/connect.ts";
import { type ApiServer, startApiServer } from "../support/kubernetes/api-server.ts";

let api: ApiServer;

beforeAll(async () => {
  api = await startApiServer();
}, 2_700_000);

afterAll(async () => {
  await api?.close();
}, 60_000);

test("what the API server stores outlives a restart, at the same address", async () => {
  await api.kubectl(["create", "namespace", "shop"]);
  await api.kubectl(["create", "configmap", "prices", "--namespace=shop", "--from-literal=tea=3"]);
  const read = ["get", "configmap", "prices", "--namespace=shop", "--output=jsonpath={.data.tea}"];
  expect(await api.kubectl(read)).toBe("3");

  await api.stopApi();
  await expect(api.kubectl(read)).rejects.toThrow("refused");
  await api.startApi();
  expect(await api.kubectl(read)).toBe("3");

  await api.stopApi(0);
  await api.startApi();
  expect(await api.kubectl(read)).toBe("3");
});

test("a service account's token is reviewed for its audience", async () => {
  await api.kubectl(["create", "serviceaccount", "cart", "--namespace=default"]);
  const token = await api.tokenFor({ namespace: "default", serviceAccount: "cart", audience: "heddle" });
  const { client } = connect({ kubeconfig: api.kubeconfigPath });
  const review = (audience: string): Promise<unknown> =>
    client.request({
      method: "POST",
      path: "/apis/authentication.k8s.io/v1/tokenreviews",
      body: {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenReview",
        spec: { token, audiences: [audience] },
      },
    });
  const user = { username: "system:serviceaccount:default:cart" };
  expect(await review("heddle")).toMatchObject({ status: { authenticated: true, user } });
  expect(await review("https://kubernetes.default.svc")).not.toMatchObject({ status: { authenticated: true } });
  client.close();
});
