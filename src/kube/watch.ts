/** One watch request: what changes after a resource version, until either side ends it. */
import { messageOf } from "../base/errors.ts";
import type { KubeClient } from "./client.ts";
import { KubeError } from "./errors.ts";
import { linesOf } from "./lines.ts";
import { asObject, type KubeObject, withoutManagedFields } from "./object.ts";

export type WatchEvent =
  | { readonly type: "set"; readonly object: KubeObject; readonly resourceVersion: string }
  | { readonly type: "delete"; readonly object: KubeObject; readonly resourceVersion: string }
  /** Nothing has changed up to this version. */
  | { readonly type: "bookmark"; readonly resourceVersion: string };

export interface WatchOptions {
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly resourceVersion: string;
  /** Seconds after which the API server is to end the watch. */
  readonly seconds: number;
  /** Longest silence, in milliseconds; bookmarks come about once a minute. */
  readonly idle: number;
  readonly signal: AbortSignal;
}

/** Bytes of one event; etcd allows objects of 1.5 MB. */
const MAX_EVENT = 16 * 1024 * 1024;

/**
 * The events, in order. Ends when the API server ends the watch in good order.
 *
 * @throws KubeError; with status 410 when the version is too old to go on from
 */
export async function* watchOnce(client: KubeClient, options: WatchOptions): AsyncGenerator<WatchEvent> {
  const { path, query, resourceVersion, seconds, idle, signal } = options;
  const about = `watch ${path}`;
  const response = await client.open({
    method: "GET",
    path,
    query: { ...query, watch: "1", allowWatchBookmarks: "true", resourceVersion, timeoutSeconds: String(seconds) },
    timeout: idle,
    signal,
  });
  try {
    for await (const line of linesOf(response, MAX_EVENT)) yield parseEvent(about, line);
  } catch (thrown) {
    if (thrown instanceof KubeError) throw thrown;
    throw new KubeError(`${about}: broke off: ${messageOf(thrown)}`, { cause: thrown });
  } finally {
    response.destroy();
  }
}

function parseEvent(about: string, line: string): WatchEvent {
  const { type, object: value } = parse(about, line);
  if (type === "ERROR") throw errorEvent(about, value);
  const object = asObject(value);
  const resourceVersion = toRecord(toRecord(value)["metadata"])["resourceVersion"];
  if (typeof resourceVersion !== "string")
    throw new KubeError(`${about}: an event has no resource version`, { status: 200 });
  if (type === "BOOKMARK") return { type: "bookmark", resourceVersion };
  if (!object) throw new KubeError(`${about}: an event has no object`, { status: 200 });
  if (type === "DELETED") return { type: "delete", object, resourceVersion };
  if (type === "ADDED" || type === "MODIFIED")
    return { type: "set", object: withoutManagedFields(object), resourceVersion };
  throw new KubeError(`${about}: an event of unknown type`, { status: 200 });
}

function parse(about: string, line: string): { readonly type?: unknown; readonly object?: unknown } {
  try {
    return toRecord(JSON.parse(line));
  } catch (cause) {
    throw new KubeError(`${about}: an event is no JSON`, { status: 200, cause });
  }
}

function errorEvent(about: string, value: unknown): KubeError {
  const { code, message, reason } = toRecord(value);
  return new KubeError(`${about}: ${typeof message === "string" ? message : "failed"}`, {
    status: typeof code === "number" ? code : 500,
    reason: typeof reason === "string" ? reason : "",
  });
}

function toRecord(value: unknown): Readonly<Record<string, unknown>> {
  return value !== null && typeof value === "object" ? (value as Record<string, unknown>) : {};
}
