/** Whether an installed Heddle works, and whether the mesh is well. */
import type { Connection } from "../../kube/connect.ts";
import { messageOf } from "../../base/errors.ts";
import { isNotFound } from "../../kube/errors.ts";
import { listAll } from "../../kube/list.ts";
import type { KubeObject } from "../../kube/object.ts";
import { isReady } from "../cluster-access.ts";
import { type CheckGroup, failed, type Finding, ok, warning } from "./check.ts";

const CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/trafficpolicies.heddle.dev";
const LABELS = "app.kubernetes.io/name=heddle,app.kubernetes.io/component=control-plane";
const WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
const POLICIES = "/apis/heddle.dev/v1alpha1/trafficpolicies";
/** Most objects that a finding names. */
const MAX_NAMED = 5;

type Path = readonly (string | number)[];

export async function checkInstallation(connection: Connection, namespace: string): Promise<CheckGroup> {
  const { client } = connection;
  return {
    title: "Heddle",
    findings: await Promise.all([
      attempt(
        "the CRDs are installed",
        async (name) => {
          const crd = await client.request<KubeObject>({ method: "GET", path: CRD });
          const established = conditionOf(crd, "Established");
          return established === "True"
            ? ok(name)
            : failed(name, "they are not established", "kubectl describe crd trafficpolicies.heddle.dev");
        },
        "helm install heddle-crds",
      ),
      attempt(
        "the control plane is ready",
        async (name) => {
          const path = `/api/v1/namespaces/${namespace}/pods`;
          const pods = (await listAll(client, { path, query: { labelSelector: LABELS } })).items;
          const ready = pods.filter(isReady).length;
          if (pods.length === 0)
            return failed(name, `there is no pod of it in namespace ${namespace}`, "helm install heddle");
          if (ready === 0)
            return failed(
              name,
              `none of ${pods.length} pods is`,
              `kubectl -n ${namespace} logs -l app.kubernetes.io/name=heddle`,
            );
          if (ready < pods.length)
            return warning(name, `${ready} of ${pods.length} pods are`, `kubectl -n ${namespace} get pods`);
          return ok(`${name} (${ready} ${ready === 1 ? "replica" : "replicas"})`);
        },
        "helm install heddle",
      ),
      attempt(
        "the API server trusts the injector",
        async (name) => {
          const selector = { labelSelector: "app.kubernetes.io/name=heddle" };
          const { items } = await listAll(client, { path: WEBHOOKS, query: selector });
          if (items.length === 0)
            return warning(name, "there is no webhook of Heddle", "set injector.enabled, or inject by heddle inject");
          const bundles = items.flatMap((item) =>
            webhooksOf(item).map((hook) => at(hook, ["clientConfig", "caBundle"])),
          );
          return bundles.every((bundle) => typeof bundle === "string" && bundle !== "")
            ? ok(name)
            : failed(name, "it was not told the CA yet", `is a replica leading? kubectl -n ${namespace} get lease`);
        },
        "helm install heddle",
      ),
    ]),
  };
}

export async function checkMesh({ client }: Connection): Promise<CheckGroup> {
  return {
    title: "Mesh",
    findings: await Promise.all([
      attempt(
        "namespaces have injection",
        async (name) => {
          const query = { labelSelector: "heddle.dev/inject=enabled" };
          const { items } = await listAll(client, { path: "/api/v1/namespaces", query });
          const names = items.map(({ metadata }) => metadata.name);
          if (names.length === 0)
            return warning(name, "none has", "kubectl label namespace NAME heddle.dev/inject=enabled");
          return ok(`${name}: ${named(names)}`);
        },
        "",
      ),
      attempt("policies are accepted", (name) => checkPolicies(client, name, "Accepted"), "helm install heddle-crds"),
      attempt(
        "policies run on every sidecar",
        (name) => checkPolicies(client, name, "Programmed"),
        "helm install heddle-crds",
      ),
    ]),
  };
}

async function checkPolicies(client: Connection["client"], name: string, type: string): Promise<Finding> {
  const { items } = await listAll(client, { path: POLICIES });
  const bad = items.filter((policy) => conditionOf(policy, type) !== "True");
  if (bad.length === 0) return ok(`${name} (${items.length})`);
  const names = bad.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  const [first] = bad;
  const hint = `heddle describe policy ${first!.metadata.name} -n ${first!.metadata.namespace}`;
  return warning(name, `${bad.length} of ${items.length} are not: ${named(names)}`, hint);
}

async function attempt(name: string, look: (name: string) => Promise<Finding>, missing: string): Promise<Finding> {
  try {
    return await look(name);
  } catch (error) {
    return failed(
      name,
      messageOf(error),
      isNotFound(error) && missing !== "" ? missing : "the cluster could not be asked",
    );
  }
}

function conditionOf(object: KubeObject, type: string): string {
  const conditions = at(object, ["status", "conditions"]);
  if (!Array.isArray(conditions)) return "Unknown";
  const found: unknown = conditions.find((condition) => at(condition, ["type"]) === type);
  const status = at(found, ["status"]);
  return typeof status === "string" ? status : "Unknown";
}

function webhooksOf(object: KubeObject): readonly unknown[] {
  const webhooks = object["webhooks"];
  return Array.isArray(webhooks) ? webhooks : [];
}

function at(value: unknown, path: Path): unknown {
  let found = value;
  for (const step of path) {
    if (found === null || typeof found !== "object") return undefined;
    found = (found as Record<string | number, unknown>)[step];
  }
  return found;
}

function named(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMED).join(", ");
  return names.length > MAX_NAMED ? `${shown} and ${names.length - MAX_NAMED} more` : shown;
}
