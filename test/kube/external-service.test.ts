/** ExternalServices on a real API server: it refuses what files refuse, and what it takes reaches the mesh. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { externalServiceCrd } from "../../src/api/crd.ts";
import { parseObject } from "../../src/api/parse-object.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { connect } from "../../src/kube/connect.ts";
import { KubeError } from "../../src/kube/errors.ts";
import { createModel } from "../../src/model/build.ts";
import { kubernetesSource } from "../../src/source/kubernetes/source.ts";
import type { SourceState } from "../../src/source/source.ts";
import { EXTERNAL_CASES, externalService } from "../support/external-service-cases.ts";
import { type ApiServer, startApiServer } from "../support/kubernetes/api-server.ts";
import { until } from "../support/until.ts";

const root = new URL("../../", import.meta.url).pathname;

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

async function refusal(body: object): Promise<string | undefined> {
  try {
    await client.request({
      method: "POST",
      path: "/apis/heddle.dev/v1alpha1/namespaces/default/externalservices",
      query: { fieldValidation: "Strict", dryRun: "All" },
      body,
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    return error.message;
  }
}

test("a cluster without the kind is one without ExternalServices; they are found once it is installed", async () => {
  const crds = `${root}crds`;
  await api.kubectl(["apply", "-f", `${crds}/trafficpolicies.heddle.dev.yaml`]);
  await api.kubectl(["wait", "--for=condition=Established", "--all", "crd"]);
  let state: SourceState | undefined;
  const source = kubernetesSource({
    client,
    onChange: (next) => (state = next),
    timing: { backoffMax: 200 },
  });
  state = await source.start();
  expect(state.objects.ExternalService.size).toBe(0);
  await api.kubectl(["apply", "-f", crds]);
  await api.kubectl(["wait", "--for=condition=Established", "--all", "crd"]);
  await api.kubectl(["create", "namespace", "shop"]);
  const manifests = readFileSync(`${root}test/golden/translate/external-dns/in.yaml`, "utf8");
  const own = manifests.split("---\n").filter((text) => text.includes("heddle.dev"));
  await api.kubectl(["apply", "--validate=strict", "-f", "-"], own.join("---\n"));
  const model = createModel({ clusterDomain: "cluster.local", awaitPods: true });
  const service = await until("it is in the mesh, with its policy", 30_000, async () => {
    const found = model(state!.objects).services.get("shop/external:stripe");
    return found?.policy && found;
  });
  expect(service).toMatchObject({
    type: "External",
    external: { hosts: ["api.stripe.example"], resolution: "DNS" },
    policy: { key: "shop/stripe" },
  });
  await api.kubectl(["delete", "xs", "stripe", "--namespace=shop"]);
  await until(
    "it is gone",
    30_000,
    async () => model(state!.objects).services.get("shop/external:stripe") === undefined,
  );
  await source.close();
});

describe("mistakes", () => {
  const ours = JSON.stringify(externalServiceCrd());

  test.each(EXTERNAL_CASES)("$title", async ({ wrong, right, inItsOwnWords, taken }) => {
    const said = await refusal(externalService(wrong));
    const parsed = parseObject(externalService(wrong));
    const inFile = parsed.outcome === "invalid" ? parsed.diagnostics.map(({ message }) => message).join("\n") : "";
    expect(inFile).not.toBe("");
    if (taken) expect(said).toBeUndefined();
    else if (inItsOwnWords !== undefined) expect(said).toContain(inItsOwnWords);
    else {
      const [, words = ""] = /Invalid value: (?:".*?": )?((?:must|needs) .*)$/.exec(said ?? "") ?? [];
      expect(words, said).not.toBe("");
      expect(ours, said).toContain(words);
      expect(inFile).toContain(words);
    }
    expect(await refusal(externalService(right))).toBeUndefined();
  });
});
