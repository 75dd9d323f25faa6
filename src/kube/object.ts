/** A Kubernetes object as the API server sends it: JSON of which only the head is known here. */
export interface KubeObject {
  readonly apiVersion?: string | undefined;
  readonly kind?: string | undefined;
  readonly metadata: KubeMetadata;
  readonly [field: string]: unknown;
}

export interface KubeMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** `namespace/name`, or the name alone for kinds without a namespace. */
export function keyOf({ metadata: { namespace, name } }: KubeObject): string {
  return namespace === undefined || namespace === "" ? name : `${namespace}/${name}`;
}

/** Undefined where a value has no name: then it is no object. */
export function asObject(value: unknown): KubeObject | undefined {
  if (value === null || typeof value !== "object") return undefined;
  const { metadata } = value as { metadata?: unknown };
  if (metadata === null || typeof metadata !== "object") return undefined;
  return typeof (metadata as { name?: unknown }).name === "string" ? (value as KubeObject) : undefined;
}

/** The object without its bookkeeping of who set which field, which is often half of it. */
export function withoutManagedFields(object: KubeObject): KubeObject {
  if (!("managedFields" in object.metadata)) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** Whether resource version `a` is from before `b`. False where one of them is no number: nothing is known of those. */
export function isOlder(a: string, b: string): boolean {
  const number = /^[1-9][0-9]*$/;
  if (!number.test(a) || !number.test(b)) return false;
  return a.length === b.length ? a < b : a.length < b.length;
}
