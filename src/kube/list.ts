import type { KubeClient } from "./client.ts";
import { isExpired, KubeError } from "./errors.ts";
import { asObject, type KubeObject, withoutManagedFields } from "./object.ts";

export interface ListOptions {
  /** Such as `/api/v1/services`. */
  readonly path: string;
  /** `labelSelector`, `fieldSelector`. */
  readonly query?: Readonly<Record<string, string>>;
  /** Objects a page. */
  readonly pageSize?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface ListResult {
  readonly items: readonly KubeObject[];
  /** Where a watch goes on from. */
  readonly resourceVersion: string;
}

interface Page {
  readonly apiVersion?: string;
  readonly kind: string;
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items?: readonly unknown[] | null;
}

const PAGE = 500;

/**
 * All objects of a kind, as they are now, read in pages. When the API server forgets a list in the middle of it (410), it is
 * read once more in one piece.
 *
 * @throws KubeError
 */
export async function listAll(client: KubeClient, options: ListOptions): Promise<ListResult> {
  const { pageSize = PAGE } = options;
  try {
    return await readPages(client, options, pageSize);
  } catch (error) {
    if (isExpired(error) && pageSize > 0) return readPages(client, options, 0);
    throw error;
  }
}

/**
 * The version that the API server is at, by its data and not by what it has cached.
 *
 * @throws KubeError
 */
export async function versionNow(client: KubeClient, { path, query, signal }: ListOptions): Promise<string> {
  const { metadata } = await readPage(client, { path, query: { ...query, limit: "1" }, signal });
  return metadata.resourceVersion;
}

/** @param pageSize 0 for everything at once */
async function readPages(
  client: KubeClient,
  { path, query, signal }: ListOptions,
  pageSize: number,
): Promise<ListResult> {
  const items: KubeObject[] = [];
  let next = "";
  for (;;) {
    const paging = { ...(pageSize > 0 && { limit: String(pageSize) }), ...(next !== "" && { continue: next }) };
    const answer = await readPage(client, { path, query: { ...query, ...paging }, signal });
    const { metadata, apiVersion, kind } = answer;
    for (const item of answer.items ?? []) {
      const object = asObject(item);
      // Items of a typed list do not say their kind.
      if (object) items.push({ apiVersion, kind: kind.slice(0, -"List".length), ...withoutManagedFields(object) });
    }
    next = metadata.continue ?? "";
    if (next === "") return { items, resourceVersion: metadata.resourceVersion };
  }
}

async function readPage(client: KubeClient, { path, query, signal }: Omit<ListOptions, "pageSize">): Promise<Page> {
  const answer = await client.request<Partial<Page> | null>({
    method: "GET",
    path,
    ...(query && { query }),
    ...(signal && { signal }),
  });
  if (typeof answer?.metadata?.resourceVersion !== "string" || !answer.kind?.endsWith("List")) {
    throw new KubeError(`GET ${path}: the answer is no list`, { status: 200 });
  }
  return answer as Page;
}
