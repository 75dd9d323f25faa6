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
  readonly signal?: AbortSignal;
}

export interface ListResult {
  readonly items: readonly KubeObject[];
  /** Where a watch goes on from. */
  readonly resourceVersion: string;
}

interface ListAnswer {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
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
    const answer = await client.request<ListAnswer>({
      method: "GET",
      path,
      query: { ...query, ...paging },
      ...(signal && { signal }),
    });
    const { metadata, apiVersion, kind } = answer;
    if (metadata?.resourceVersion === undefined || !kind?.endsWith("List")) {
      throw new KubeError(`GET ${path}: the answer is no list`, { status: 200 });
    }
    for (const item of answer.items ?? []) {
      const object = asObject(item);
      // Items of a typed list do not say their kind.
      if (object) items.push({ apiVersion, kind: kind.slice(0, -"List".length), ...withoutManagedFields(object) });
    }
    next = metadata.continue ?? "";
    if (next === "") return { items, resourceVersion: metadata.resourceVersion };
  }
}
