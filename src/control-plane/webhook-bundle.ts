import { apply } from "../kube/apply.ts";
import type { KubeClient } from "../kube/client.ts";
import type { KubeObject } from "../kube/object.ts";

const MANAGER = "heddle-webhook";

type WebhookConfiguration = KubeObject & {
  readonly webhooks?: readonly { readonly name: string; readonly clientConfig?: { readonly caBundle?: string } }[];
};

/**
 * Sees to it that the API server trusts the control plane's webhooks. Only this field is Heddle's; all else is the chart's.
 *
 * @param bundle PEM
 * @returns whether anything had to be written
 * @throws KubeError
 */
export async function ensureWebhookBundle(client: KubeClient, name: string, bundle: string): Promise<boolean> {
  const path = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${encodeURIComponent(name)}`;
  const { webhooks = [] } = await client.request<WebhookConfiguration>({ method: "GET", path });
  const caBundle = Buffer.from(bundle).toString("base64");
  if (webhooks.every(({ clientConfig }) => clientConfig?.caBundle === caBundle)) return false;
  const configuration: KubeObject = {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    metadata: { name },
    webhooks: webhooks.map((webhook) => ({ name: webhook.name, clientConfig: { caBundle } })),
  };
  await apply(client, configuration, { resource: "mutatingwebhookconfigurations", manager: MANAGER });
  return true;
}
