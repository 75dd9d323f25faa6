/** Server-side apply: the fields that Heddle says are Heddle's, and nobody else's are touched. */
import type { KubeClient } from "./client.ts";
import type { KubeObject } from "./object.ts";

export interface ApplyOptions {
  /** Plural name in URLs, such as `configmaps`. */
  readonly resource: string;
  readonly subresource?: "status";
  /** Who owns the fields. */
  readonly manager: string;
  readonly signal?: AbortSignal;
}

/** JSON is YAML. */
const APPLY_PATCH = "application/apply-patch+yaml";

/**
 * Makes the object be as given, and creates it where it is missing. Fields of the same name that others own are taken over:
 * what Heddle applies, only Heddle may say.
 *
 * @throws KubeError
 */
export function apply(client: KubeClient, object: KubeObject, options: ApplyOptions): Promise<KubeObject> {
  const { resource, subresource, manager, signal } = options;
  return client.request<KubeObject>({
    method: "PATCH",
    path: pathOf(object, resource, subresource),
    query: { fieldManager: manager, force: "true" },
    body: object,
    contentType: APPLY_PATCH,
    ...(signal && { signal }),
  });
}

/** The URL path of an object, such as `/apis/apps/v1/namespaces/shop/deployments/checkout`. */
export function pathOf({ apiVersion = "v1", metadata }: KubeObject, resource: string, subresource?: string): string {
  const group = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const namespace = metadata.namespace ? `/namespaces/${encodeURIComponent(metadata.namespace)}` : "";
  const name = `/${encodeURIComponent(metadata.name)}`;
  return `${group}${namespace}/${resource}${name}${subresource ? `/${subresource}` : ""}`;
}
