/** Whether Heddle can be installed in a cluster. */
import { messageOf } from "../../base/errors.ts";
import type { KubeClient } from "../../kube/client.ts";
import { type CheckGroup, failed, type Finding, ok, warning } from "./check.ts";

/** Native sidecars are on by default from 1.29 on, and stable from 1.33 on; the sleep action of `preStop` is from 1.30. */
const MIN_MINOR = 30;
const STABLE_MINOR = 33;

/** What the charts create. */
const NEEDED = [
  { group: "apiextensions.k8s.io", resource: "customresourcedefinitions" },
  { group: "rbac.authorization.k8s.io", resource: "clusterroles" },
  { group: "rbac.authorization.k8s.io", resource: "clusterrolebindings" },
  { group: "admissionregistration.k8s.io", resource: "mutatingwebhookconfigurations" },
  { group: "apps", resource: "deployments" },
  { group: "", resource: "services" },
] as const;

export async function checkServer(client: KubeClient): Promise<CheckGroup> {
  const title = "Kubernetes";
  let version: { readonly major?: string; readonly minor?: string; readonly gitVersion?: string };
  try {
    version = await client.request({ method: "GET", path: "/version" });
  } catch (error) {
    const hint = "does kubectl get nodes work with the same kubeconfig and context?";
    return { title, findings: [failed("the API server answers", messageOf(error), hint)] };
  }
  const minor = Number.parseInt(version.minor ?? "", 10);
  return { title, findings: [ok("the API server answers"), versionFinding(version.gitVersion ?? "", minor)] };
}

function versionFinding(version: string, minor: number): Finding {
  if (minor >= STABLE_MINOR) return ok(`Kubernetes ${version} has native sidecars`);
  const name = `Kubernetes is 1.${MIN_MINOR} or newer`;
  if (minor >= MIN_MINOR) {
    return warning(
      name,
      `it is ${version}, where native sidecars are beta`,
      "see that SidecarContainers is not switched off",
    );
  }
  return failed(name, `it is ${version}`, "native sidecars need a newer one");
}

/** Whether the user may create what the charts create. */
export async function checkRights(client: KubeClient, namespace: string): Promise<CheckGroup> {
  const findings = await Promise.all(
    NEEDED.map(({ group, resource }) => mayCreate(client, group, resource, namespace)),
  );
  return { title: "Rights to install", findings };
}

async function mayCreate(client: KubeClient, group: string, resource: string, namespace: string): Promise<Finding> {
  const name = `may create ${resource}`;
  try {
    const review = await client.request<{ readonly status?: { readonly allowed?: boolean } }>({
      method: "POST",
      path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
      body: {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SelfSubjectAccessReview",
        spec: { resourceAttributes: { verb: "create", group, resource, namespace } },
      },
    });
    return review.status?.allowed
      ? ok(name)
      : failed(name, "the cluster refuses it", "ask for the rights, or let somebody install who has them");
  } catch (error) {
    return failed(name, messageOf(error), "the cluster could not be asked");
  }
}
