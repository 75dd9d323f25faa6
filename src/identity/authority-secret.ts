/** The CA's place in the cluster: a Secret that all replicas share. What is written is conditional, so there is one winner. */
import { HeddleError, messageOf } from "../base/errors.ts";
import type { KubeClient, KubeRequest } from "../kube/client.ts";
import { isConflict, isNotFound } from "../kube/errors.ts";
import type { KubeMetadata, KubeObject } from "../kube/object.ts";
import { type Authority, newAuthority, rotate } from "./authority.ts";
import { parseAuthority, serializeAuthority } from "./authority-data.ts";

type Secret = KubeObject & { readonly data?: Readonly<Record<string, string>> };

/** What loading did to the Secret; undefined where it only read. */
export type Change = "created" | "restored" | "announced" | "promoted" | "pruned";

export interface Loaded {
  readonly authority: Authority;
  readonly change?: Change;
}

export interface AuthoritySecretOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
  readonly signal: AbortSignal;
}

/** Times that others may be faster in a row. */
const MAX_RACES = 10;
const TIMEOUT = 10_000;
const LABELS = { "app.kubernetes.io/managed-by": "heddle", "app.kubernetes.io/part-of": "heddle" };

/**
 * The CA as all replicas have it: made where there is none, rotated where it is time.
 *
 * @param held the CA as it was last seen; it is put back where the Secret was deleted, or every sidecar's trust would be lost
 * @throws HeddleError CERTIFICATE when the Secret holds no usable CA; KubeError
 */
export async function loadAuthority(options: AuthoritySecretOptions, held: Authority | undefined): Promise<Loaded> {
  const { namespace, name } = options;
  for (let race = 0; race < MAX_RACES; race++) {
    try {
      const secret = await read(options);
      return secret ? await keep(options, secret) : await create(options, held);
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }
  throw new HeddleError("CERTIFICATE", `Secret ${namespace}/${name} changes too often`);
}

async function read(options: AuthoritySecretOptions): Promise<Secret | undefined> {
  try {
    return await ask<Secret>(options, { method: "GET", path: pathOf(options) });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function create(options: AuthoritySecretOptions, held: Authority | undefined): Promise<Loaded> {
  const { namespace, name, wallClock } = options;
  const authority = held ?? (await newAuthority(wallClock()));
  const metadata: KubeMetadata = { name, namespace, labels: LABELS };
  const body = { apiVersion: "v1", kind: "Secret", type: "Opaque", metadata, data: encode(authority) };
  await ask(options, { method: "POST", path: collectionOf(options), body });
  return { authority, change: held ? "restored" : "created" };
}

/** Everything of the Secret but its data stays, the resource version above all: it makes the write conditional. */
async function keep(options: AuthoritySecretOptions, secret: Secret): Promise<Loaded> {
  const before = decode(options, secret);
  const authority = await rotate(before, options.wallClock());
  if (authority === before) return { authority };
  await ask(options, { method: "PUT", path: pathOf(options), body: { ...secret, data: encode(authority) } });
  if (authority.current !== before.current) return { authority, change: "promoted" };
  return { authority, change: authority.next === before.next ? "pruned" : "announced" };
}

function ask<T>({ client, signal }: AuthoritySecretOptions, request: KubeRequest): Promise<T> {
  return client.request<T>({ ...request, timeout: TIMEOUT, signal });
}

function collectionOf({ namespace }: AuthoritySecretOptions): string {
  return `/api/v1/namespaces/${namespace}/secrets`;
}

function pathOf(options: AuthoritySecretOptions): string {
  return `${collectionOf(options)}/${options.name}`;
}

function encode(authority: Authority): Readonly<Record<string, string>> {
  const texts = Object.entries(serializeAuthority(authority));
  return Object.fromEntries(texts.map(([name, text]) => [name, Buffer.from(text).toString("base64")]));
}

function decode({ namespace, name }: AuthoritySecretOptions, { data = {} }: Secret): Authority {
  const texts = Object.entries(data).map(([key, text]) => [key, Buffer.from(text, "base64").toString()]);
  try {
    return parseAuthority(Object.fromEntries(texts));
  } catch (cause) {
    throw new HeddleError("CERTIFICATE", `Secret ${namespace}/${name}: ${messageOf(cause)}`, { cause });
  }
}
