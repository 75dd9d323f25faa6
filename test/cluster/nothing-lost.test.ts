/** Whatever restarts, dies or goes away: no request is lost under load. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "../support/until.ts";
import { deployment, policy, service, split } from "./support/manifests.ts";
import { installedMesh, type Mesh, type Pod, SYSTEM } from "./support/mesh.ts";
import { failures, underLoad } from "./support/traffic.ts";

let mesh: Mesh;
let client: Pod;
const CHECKOUT = "http://checkout.shop/";
const CONTROL_PLANE = "app.kubernetes.io/component=control-plane";

beforeAll(async () => {
  mesh = await installedMesh();
  await mesh.apply(
    service("checkout", "shop"),
    deployment({ namespace: "shop", app: "checkout", replicas: 2 }),
    deployment({ namespace: "shop", app: "checkout", version: "v2" }),
    deployment({ namespace: "web", app: "client" }),
    policy("checkout", "shop", split({ v1: 50, v2: 50 })),
  );
  for (const name of ["checkout-v1", "checkout-v2"]) await mesh.rolledOut("shop", name);
  await mesh.rolledOut("web", "client-v1");
  client = await mesh.pod("web", "app=client");
});

afterAll(async () => {
  await mesh?.close();
});

/** Nothing failed, and there was something to fail. */
async function nothingLost(what: string, meanwhile: () => Promise<void>): Promise<void> {
  const outcome = await underLoad(mesh, client, CHECKOUT, meanwhile);
  console.log(
    `${what}: ${outcome.sent} requests, ${Object.values(failures(outcome)).reduce((a, b) => a + b, 0)} failed`,
  );
  expect(failures(outcome)).toEqual({});
  expect(outcome.sent).toBeGreaterThan(200);
}

/** A lease that was given back is held by nobody for a moment. */
function leader(): Promise<Pod> {
  const path = "--output=jsonpath={.spec.holderIdentity}";
  return until("a pod leads", 30_000, async () => {
    const holder = await mesh.cluster.kubectl(["get", "lease", "heddle-leader", `--namespace=${SYSTEM}`, path]);
    return (await mesh.pods(SYSTEM, CONTROL_PLANE)).find(({ name }) => name === holder);
  });
}

async function kill(pod: Pod, container: string): Promise<void> {
  await mesh.cluster.killContainer({ namespace: pod.namespace, pod: pod.name, container });
}

test("rolling restart of the application, three times", async () => {
  await nothingLost("three rolling restarts of the application", async () => {
    for (let round = 0; round < 3; round++) {
      await mesh.restart("shop", "checkout-v1");
      await mesh.restart("shop", "checkout-v2");
    }
  });
});

test("scale from 2 to 5 to 1", async () => {
  await nothingLost("scale 2 → 5 → 1", async () => {
    for (const replicas of [5, 1]) {
      const args = ["scale", "deployment/checkout-v1", "--namespace=shop", `--replicas=${replicas}`];
      await mesh.cluster.kubectl(args);
      await mesh.rolledOut("shop", "checkout-v1");
      await until(`${replicas} pods`, 60_000, async () => {
        return (await mesh.pods("shop", "app=checkout,version=v1")).length === replicas;
      });
    }
    // The pods that end go on for their drain time.
    await new Promise((resolve) => setTimeout(resolve, 8000));
  });
});

test("rolling restart of the control plane", async () => {
  await nothingLost("a rolling restart of the control plane", () => mesh.restart(SYSTEM, "heddle"));
});

test("kill -9 of a replica, and of the holder of the Lease", async () => {
  await nothingLost("kill -9 of a replica, then of the leader", async () => {
    const first = await leader();
    const other = (await mesh.pods(SYSTEM, CONTROL_PLANE)).find(({ name }) => name !== first.name);
    await kill(other!, "heddle");
    await mesh.rolledOut(SYSTEM, "heddle");
    await kill(first, "heddle");
    await mesh.rolledOut(SYSTEM, "heddle");
  });
  // Somebody leads, and changes arrive as before.
  await mesh.apply(policy("checkout", "shop", split({ v1: 90, v2: 10 })));
  const wait = ["wait", "tp/checkout", "--namespace=shop", "--for=condition=Programmed", "--timeout=60s"];
  await mesh.cluster.kubectl(wait, undefined, 70_000);
});

test("the API server is away for a minute", async () => {
  const { cluster } = mesh;
  await nothingLost("60 s without the API server", async () => {
    await cluster.stopApi(0);
    await new Promise((resolve) => setTimeout(resolve, 60_000));
    await cluster.startApi();
  });
  // What is changed afterwards arrives.
  await mesh.apply(policy("checkout", "shop", split({ v1: 0, v2: 100 })));
  await until("all requests go to v2", 60_000, async () => {
    const { answers } = await mesh.control<{ answers: Record<string, number> }>(client, "/call", {
      url: CHECKOUT,
      count: 50,
      parallel: 4,
    });
    return answers["v2"] === 50;
  });
});
