/** Routes of the Gateway API in a cluster with its real CRDs: what is refused, when they are picked up, and what their status says. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureGatewayApi } from "../../scripts/gateway-api.ts";
import { parseObject } from "../../src/api/parse-object.ts";
import { GATEWAY_CASES } from "../support/gateway-cases.ts";
import { type ApiServer, startApiServer } from "../support/kubernetes/api-server.ts";
import { prepare, type RunningControlPlane, startControlPlane } from "../support/kubernetes/control-plane.ts";
import { until } from "../support/until.ts";

let api: ApiServer;
let controlPlane: RunningControlPlane;

beforeAll(async () => {
  api = await startApiServer();
  await prepare(api);
  await api.kubectl(["create", "namespace", "shop"]);
}, 2_700_000);

afterAll(async () => {
  await controlPlane?.stop();
  await api?.close();
}, 60_000);

async function apply(...items: readonly object[]): Promise<void> {
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  await api.kubectl(["apply", "--server-side", "--filename=-"], list);
}

interface Parent {
  readonly controllerName: string;
  readonly parentRef: object;
  readonly conditions: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
    readonly observedGeneration?: number;
  }[];
}

interface Shown {
  readonly metadata: { readonly generation: number; readonly resourceVersion: string };
  readonly status?: { readonly parents: readonly Parent[] };
}

async function show(kind = "httproute"): Promise<Shown> {
  return JSON.parse(await api.kubectl(["get", kind, "checkout", "--namespace=shop", "--output=json"])) as Shown;
}

/** Heddle's conditions of this generation, by type. */
async function conditions(kind?: string): Promise<Record<string, string>> {
  const { metadata, status } = await show(kind);
  const own = status?.parents.find(({ controllerName }) => controllerName === "heddle.dev/control-plane");
  const current = own?.conditions.filter(({ observedGeneration }) => observedGeneration === metadata.generation) ?? [];
  return Object.fromEntries(current.map(({ type, status: is, reason }) => [type, `${is}/${reason}`]));
}

async function become(expected: Record<string, string>, kind?: string): Promise<void> {
  const wanted = JSON.stringify(expected);
  await until(wanted, 40_000, async () => JSON.stringify(await conditions(kind)) === wanted);
}

const service = (name: string): object => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace: "shop" },
  spec: { selector: { app: name }, ports: [{ name: "http", port: 80, targetPort: 8080 }] },
});

const PARENT = { group: "", kind: "Service", name: "checkout" };

function route(backend: string, { kind = "HTTPRoute", parents = [PARENT] as readonly object[] } = {}): object {
  return {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind,
    metadata: { name: "checkout", namespace: "shop" },
    spec: { parentRefs: parents, rules: [{ backendRefs: [{ name: backend, port: 80 }] }] },
  };
}

const FINE = { Accepted: "True/Accepted", ResolvedRefs: "True/ResolvedRefs" };

test("without the CRDs the control plane serves; with them, the routes are picked up and say what became of them", async () => {
  controlPlane = await startControlPlane(api);
  expect(await controlPlane.metric("heddle_objects", 'kind="HTTPRoute"')).toBe(0);
  await apply(service("checkout"), service("v2"));
  await api.kubectl(["apply", "--server-side", `--filename=${ensureGatewayApi()}`]);
  await api.kubectl([
    "wait",
    "--for=condition=Established",
    "crd/httproutes.gateway.networking.k8s.io",
    "--timeout=30s",
  ]);
  await api.kubectl([
    "wait",
    "--for=condition=Established",
    "crd/grpcroutes.gateway.networking.k8s.io",
    "--timeout=30s",
  ]);
  await apply(route("v2"));
  await become(FINE);
  expect(controlPlane.log.lines().join()).not.toContain("httproutes");
}, 120_000);

test("a new generation is judged anew", async () => {
  await apply(route("gone"));
  await become({ Accepted: "True/Accepted", ResolvedRefs: "False/BackendNotFound" });
  await apply(service("gone"));
  await become(FINE);
  await apply(route("v2"));
  await become(FINE);
}, 60_000);

const foreign = {
  parentRef: { group: "gateway.networking.k8s.io", kind: "Gateway", name: "public" },
  controllerName: "example.com/gateway",
  conditions: [
    {
      type: "Accepted",
      status: "True",
      reason: "Accepted",
      message: "",
      observedGeneration: 1,
      lastTransitionTime: "2026-01-01T00:00:00Z",
    },
  ],
};

test("what another controller says of the same route stays as it is", async () => {
  const parents = [...(await show()).status!.parents, foreign];
  const patch = JSON.stringify({ status: { parents } });
  await api.kubectl([
    "patch",
    "httproute",
    "checkout",
    "--namespace=shop",
    "--subresource=status",
    "--type=merge",
    `--patch=${patch}`,
  ]);
  await apply(route("v2", { parents: [PARENT, { name: "public" }] }));
  await become(FINE);
  expect((await show()).status!.parents).toContainEqual(foreign);
  // Without a Service as parent the route is none of Heddle's any more.
  await apply(route("v2", { parents: [{ name: "public" }] }));
  await until("Heddle's entry is gone", 30_000, async () => (await show()).status!.parents.length === 1);
  expect((await show()).status!.parents).toEqual([foreign]);
  await apply(route("v2"));
  await become(FINE);
}, 60_000);

test("a TrafficPolicy with routes decides, and the route says so", async () => {
  const policy = {
    apiVersion: "heddle.dev/v1alpha1",
    kind: "TrafficPolicy",
    metadata: { name: "checkout", namespace: "shop" },
    spec: { targetRefs: [{ kind: "Service", name: "checkout" }], routes: [{ timeout: "1s" }] },
  };
  await apply(policy);
  await become({ ...FINE, Accepted: "False/Conflicted" });
  await api.kubectl(["delete", "tp", "checkout", "--namespace=shop"]);
  await become(FINE);
}, 60_000);

test("a GRPCRoute has a status too, and goes before an HTTPRoute", async () => {
  await apply(route("v2", { kind: "GRPCRoute" }));
  await become(FINE, "grpcroute");
  await become({ ...FINE, Accepted: "False/Conflicted" });
}, 60_000);

describe("the API server and files refuse alike", () => {
  async function refusal(object: object): Promise<string | undefined> {
    try {
      await api.kubectl(["apply", "--dry-run=server", "--validate=ignore", "--filename=-"], JSON.stringify(object));
      return undefined;
    } catch (error) {
      return String(error);
    }
  }

  test.each(GATEWAY_CASES)("$title", async ({ wrong, right }) => {
    expect([(await refusal(wrong)) !== undefined, parseObject(wrong).outcome]).toEqual([true, "invalid"]);
    expect([await refusal(right), parseObject(right).outcome]).toEqual([undefined, "object"]);
  });
});
