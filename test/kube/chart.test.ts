/**
 * The chart, installed by helm into a real API server: which pods the webhooks ask about, and that a control plane with exactly the
 * settings and the rights that the chart gives it does all its work.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { ensureKubernetes } from "../../scripts/kubernetes.ts";
import { CHARTS, chartCases, objectsOf, read } from "../charts/helm.ts";
import { connectDelta } from "../support/fake-envoy.ts";
import { CDS, loadWire } from "../support/fake-envoy-wire.ts";
import { type ApiServer, startApiServer } from "../support/kubernetes/api-server.ts";
import { createPod, startControlPlane, SYSTEM, trustBundle, untilServed } from "../support/kubernetes/control-plane.ts";
import { createTool, type Tool } from "../support/kubernetes/kubectl.ts";
import { temporaryFolder } from "../support/temp-folder.ts";
import { until } from "../support/until.ts";

const account = { namespace: SYSTEM, serviceAccount: "heddle" };
const wire = loadWire();
let api: ApiServer;
let helm: Tool;
let notes: string;
let web: { readonly name: string; readonly uid: string };

beforeAll(async () => {
  api = await startApiServer();
  const bin = await ensureKubernetes(["helm"]);
  helm = createTool(join(bin, "helm"), api.kubeconfigPath, join(api.kubeconfigPath, "../helm"));
  for (const name of ["shop", "plain", "off", SYSTEM]) await api.kubectl(["create", "namespace", name]);
  await api.kubectl(["create", "serviceaccount", "default", "--namespace=shop"]);
  // Before there is a webhook that would hold it back: nobody answers it here.
  web = await createPod(api, { namespace: "shop", name: "web", address: "10.1.0.1" });
  for (const name of ["shop", "kube-system", SYSTEM]) await label(name, "enabled");
  await label("off", "disabled");
  await helm(["install", "heddle-crds", join(CHARTS, "heddle-crds")]);
  await untilServed(api);
  notes = await chart("install");
}, 2_700_000);

afterAll(async () => {
  await api?.close();
}, 60_000);

async function label(namespace: string, value: string): Promise<void> {
  await api.kubectl(["label", "namespace", namespace, `heddle.dev/inject=${value}`]);
}

async function chart(verb: "install" | "upgrade", ...values: readonly string[]): Promise<string> {
  const settings = ["injector.timeoutSeconds=1", ...values].flatMap((value) => ["--set", value]);
  return helm([verb, "heddle", join(CHARTS, "heddle"), `--namespace=${SYSTEM}`, ...settings]);
}

async function object<T>(kind: string, name: string, namespace = SYSTEM): Promise<T> {
  return JSON.parse(await api.kubectl(["get", kind, name, `--namespace=${namespace}`, "--output=json"])) as T;
}

interface Deployment {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly [{ readonly env: readonly { readonly name: string; readonly value?: string }[] }];
      };
    };
  };
}

interface WebhookConfiguration {
  readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string } }[];
}

/** The options of `heddle serve` that the Deployment's variables stand for, with what only holds in a pod replaced. */
async function deployedOptions(folder: string): Promise<Record<string, string>> {
  const { env } = (await object<Deployment>("deployment", "heddle")).spec.template.spec.containers[0];
  const options = Object.fromEntries(
    env.map(({ name, value = "" }) => [
      name
        .replace("HEDDLE_", "")
        .toLowerCase()
        .replace(/_[a-z]/g, (letter) => letter[1]!.toUpperCase()),
      value,
    ]),
  );
  const { data } = await object<{ data: Record<string, string> }>("configmap", "heddle-injector");
  const injectorConfig = join(folder, "injector.yaml");
  writeFileSync(injectorConfig, data["injector.yaml"] ?? "");
  const kubeconfig = join(folder, "kubeconfig");
  const admin = JSON.parse(readFileSync(api.kubeconfigPath, "utf8")) as { users: readonly { name: string }[] };
  const users = [{ name: admin.users[0]!.name, user: { token: await api.tokenFor(account) } }];
  writeFileSync(kubeconfig, JSON.stringify({ ...admin, users }), { mode: 0o600 });
  const addresses = Object.keys(options).filter((name) => name.endsWith("Address"));
  return {
    ...options,
    ...Object.fromEntries(addresses.map((name) => [name, "127.0.0.1:0"])),
    namespace: SYSTEM,
    replica: "heddle-0",
    injectorConfig,
    kubeconfig,
  };
}

/** Kinds of operators that are not there. */
const FOREIGN = ["Certificate", "ServiceMonitor", "PodMonitor"];

/** What somebody who took over a control plane would like to do. */
const REFUSED = [
  "list secrets -n heddle-system",
  "get secrets/another -n heddle-system",
  "get secrets/heddle-ca -n shop",
  "create secrets -n shop",
  "get configmaps -n shop",
  "patch configmaps/another -n shop",
  "delete configmaps/heddle-sidecar -n shop",
  "create pods -n shop",
  "delete pods -n shop",
  "create pods --subresource=exec -n shop",
  "update trafficpolicies.heddle.dev -n shop",
  "patch mutatingwebhookconfigurations.admissionregistration.k8s.io/another",
  "create mutatingwebhookconfigurations.admissionregistration.k8s.io",
  "update leases.coordination.k8s.io/another -n heddle-system",
  "create serviceaccounts --subresource=token -n heddle-system",
  "impersonate users",
  "escalate clusterroles.rbac.authorization.k8s.io",
];

describe("strictly validated, each case is accepted", () => {
  test.each(chartCases())("$name", async ({ golden }) => {
    const objects = objectsOf(read(golden)).filter(({ kind }) => !FOREIGN.includes(kind));
    expect(objects.length).toBeGreaterThan(5);
    // Helm owns what it has installed.
    const how = ["--server-side", "--dry-run=server", "--validate=strict", "--force-conflicts"];
    const manifest = objects.map((made) => stringify(made)).join("---\n");
    await api.kubectl(["apply", ...how, "--filename=-"], manifest);
  });
});

test("says what comes next", () => {
  const commands = [...notes.matchAll(/^ {3}(\S.*)$/gm)].map(([, command]) => command);
  expect(commands).toEqual([
    "kubectl label namespace NAMESPACE heddle.dev/inject=enabled",
    "kubectl -n NAMESPACE rollout restart deployment",
    "heddle check --heddle-namespace heddle-system",
  ]);
});

describe("which pods the injector is asked about", () => {
  test.each([
    { namespace: "shop", pod: undefined, asked: "namespace" },
    { namespace: "shop", pod: "enabled", asked: "namespace" },
    { namespace: "shop", pod: "disabled", asked: undefined },
    { namespace: "plain", pod: undefined, asked: undefined },
    { namespace: "plain", pod: "enabled", asked: "pod" },
    { namespace: "off", pod: undefined, asked: undefined },
    { namespace: "off", pod: "enabled", asked: "pod" },
    { namespace: "kube-system", pod: "enabled", asked: undefined },
    { namespace: SYSTEM, pod: "enabled", asked: undefined },
  ])("of $namespace, labelled $pod: $asked", async ({ namespace, pod, asked }) => {
    const labels = pod === undefined ? {} : { "heddle.dev/inject": pod };
    const made = createPod(api, { namespace, name: `try-${pod}`, address: "10.1.0.9", labels, injected: false });
    // Nobody is there to answer: a pod that is asked about is not created.
    const failure = await made.then(() => "").catch(String);
    const [, webhook] = /failed calling webhook "([a-z]+)\.inject\.heddle\.dev"/.exec(failure) ?? [
      failure || undefined,
    ];
    expect(webhook).toBe(asked);
  });
});

describe("the control plane's account", () => {
  test.each(REFUSED)("may not %s", async (question) => {
    const ask = (...as: readonly string[]): Promise<boolean> =>
      api.kubectl(["auth", "can-i", ...question.split(" "), ...as]).then(
        () => true,
        () => false,
      );
    // Somebody may: so the question means something.
    expect(await ask()).toBe(true);
    expect(await ask(`--as=system:serviceaccount:${SYSTEM}:heddle`)).toBe(false);
  });

  test("is enough for all that a control plane does, and helm takes nothing of it back", async () => {
    const options = await deployedOptions(temporaryFolder());
    const controlPlane = await startControlPlane(api, options);
    try {
      const policy = { targetRefs: [{ kind: "Service", name: "web" }], routes: [{ timeout: "1s" }] };
      const made = {
        apiVersion: "heddle.dev/v1alpha1",
        kind: "TrafficPolicy",
        metadata: { name: "web" },
        spec: policy,
      };
      await api.kubectl(["create", "service", "clusterip", "web", "--tcp=80", "--namespace=shop"]);
      await api.kubectl(["apply", "--namespace=shop", "--filename=-"], JSON.stringify(made));
      // It leads, and so writes status, the sidecars' files and the API server's trust; and it tells other replicas of itself.
      await api.kubectl(["wait", "tp/web", "--namespace=shop", "--for=condition=Accepted", "--timeout=30s"]);
      const bundle = Buffer.from(await trustBundle(api)).toString("base64");
      const trusted = async (): Promise<readonly (string | undefined)[]> => {
        const { webhooks } = await object<WebhookConfiguration>("mutatingwebhookconfiguration", "heddle");
        return webhooks.map(({ clientConfig }) => clientConfig.caBundle);
      };
      await until("the API server trusts the injector", 30_000, async () => (await trusted()).includes(bundle));
      expect(await trusted()).toEqual([bundle, bundle]);
      expect(await object("configmap", "heddle-sidecar", "shop")).toHaveProperty(["data", "ca.pem"]);
      expect(await object("configmap", "heddle-0-report")).toHaveProperty(["data", "report"]);
      // Tokens are reviewed.
      const token = await api.tokenFor({ namespace: "shop", serviceAccount: "default", audience: "heddle", pod: web });
      const sidecar = connectDelta({
        wire,
        port: controlPlane.xdsPort,
        nodeId: "web.shop",
        mode: "manual",
        credentials: credentials.createSsl(Buffer.from(bundle, "base64")),
        serverName: `heddle.${SYSTEM}.svc`,
        authorization: () => `Bearer ${token}`,
      });
      sidecar.subscribe(CDS);
      expect((await sidecar.next(CDS)).resources.length).toBeGreaterThan(0);
      sidecar.destroy();

      await chart("upgrade", "logLevel=debug", "injector.failurePolicy=Ignore");
      expect(await trusted()).toEqual([bundle, bundle]);
    } finally {
      await controlPlane.stop();
    }
    expect(controlPlane.log.lines().filter((line) => !/^(debug|info) /.test(line))).toEqual([]);
  });
});

test("uninstalled, nothing is left of it but the CRDs", async () => {
  await helm(["uninstall", "heddle", `--namespace=${SYSTEM}`]);
  await helm(["uninstall", "heddle-crds"]);
  const kinds =
    "clusterrole,clusterrolebinding,mutatingwebhookconfiguration,role,rolebinding,configmap,deployment,service,serviceaccount";
  const chosen = ["--all-namespaces", "--selector=app.kubernetes.io/name=heddle", "--output=name"];
  expect(await api.kubectl(["get", kinds, ...chosen])).toBe("");
  expect(await api.kubectl(["get", "crd", "--output=name"])).toContain("trafficpolicies.heddle.dev");
});
