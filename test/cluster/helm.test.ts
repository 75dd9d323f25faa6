/** What helm installs it upgrades, CRDs included, and takes away again. */
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { temporaryFolder } from "../support/temp-folder.ts";
import { until } from "../support/until.ts";
import { deployment, namespace, policy, service, split } from "./support/manifests.ts";
import { heddleChart, installHeddle, type Mesh, startWithImages, SYSTEM } from "./support/mesh.ts";
import { callMany } from "./support/traffic.ts";

const charts = resolve(import.meta.dirname, "../../charts");
let mesh: Mesh;

beforeAll(async () => {
  mesh = await startWithImages();
});

afterAll(async () => {
  await mesh?.close();
});

test("install, upgrade with a changed CRD, uninstall", async () => {
  const { kubectl, helm } = mesh.cluster;
  await installHeddle(mesh.cluster);
  await mesh.apply(namespace("shop"));
  await mesh.apply(
    service("checkout", "shop"),
    deployment({ namespace: "shop", app: "checkout" }),
    deployment({ namespace: "shop", app: "client" }),
    policy("checkout", "shop", split({ v1: 100 }), ["v1"]),
  );
  await mesh.rolledOut("shop", "checkout-v1");
  await mesh.rolledOut("shop", "client-v1");
  const client = await mesh.pod("shop", "app=client");
  const call = async (): Promise<unknown> =>
    (await callMany(mesh, client, { url: "http://checkout/", count: 20, parallel: 2 })).answers;
  expect(await call()).toEqual({ v1: 20 });

  // A new version of the CRDs: a field more.
  const changed = join(temporaryFolder(), "heddle-crds");
  cpSync(join(charts, "heddle-crds"), changed, { recursive: true });
  const file = join(changed, "templates", "trafficpolicies.heddle.dev.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace("shortNames:", "shortNames:\n      - tpolicy"));
  await helm(["upgrade", "heddle-crds", changed]);
  await until("the API server knows the new name", 30_000, async () => {
    return (await kubectl(["get", "tpolicy", "--namespace=shop", "--output=name"])).includes("checkout");
  });

  const trusted = [
    "get",
    "mutatingwebhookconfiguration",
    "heddle",
    "--output=jsonpath={.webhooks[*].clientConfig.caBundle}",
  ];
  const bundle = await kubectl(trusted);
  await heddleChart(mesh.cluster, "upgrade", ["replicas=1", "logLevel=debug"]);
  // What Heddle keeps in the chart's objects is still there.
  expect(await kubectl(trusted)).toBe(bundle);
  expect(await mesh.pods(SYSTEM, "app.kubernetes.io/component=control-plane")).toHaveLength(1);
  expect(await call()).toEqual({ v1: 20 });

  await helm(["uninstall", "heddle", `--namespace=${SYSTEM}`, "--wait"], undefined, 120_000);
  // The mesh goes on with what it has.
  expect(await call()).toEqual({ v1: 20 });
  const left = await kubectl([
    "get",
    "deployment,service,serviceaccount,poddisruptionbudget,networkpolicy,clusterrole,clusterrolebinding,role,rolebinding,mutatingwebhookconfiguration",
    `--namespace=${SYSTEM}`,
    "--selector=app.kubernetes.io/instance=heddle",
    "--output=name",
  ]);
  expect(left).toBe("");
  // Policies outlive the program that reads them.
  await helm(["uninstall", "heddle-crds"]);
  expect(await kubectl(["get", "tp", "--namespace=shop", "--output=name"])).toContain("checkout");
});
