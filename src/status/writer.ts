/** Writes the status of policies and routes: by one replica, only what changed, and no faster than the API server is to bear. */
import { isDeepStrictEqual } from "node:util";
import { type Clock } from "../base/clock.ts";
import { refKey } from "../base/diagnostic.ts";
import { sleep } from "../kube/backoff.ts";
import type { KubeClient } from "../kube/client.ts";
import { isNotFound } from "../kube/errors.ts";
import { listAll } from "../kube/list.ts";
import type { KubeObject } from "../kube/object.ts";
import type { Condition } from "./condition.ts";
import { isOwn, parentsOf } from "./route-status.ts";
import { isRoute, type WantedPolicy, type WantedRoute, type WantedStatus } from "./wanted.ts";
import { conditionsOf, policyStatus, writePolicy } from "./write-policy.ts";
import { writeRoute } from "./write-route.ts";

export interface StatusWriter {
  /** What all objects are to say, by `refKey`; one that is not in it any more is forgotten. */
  want(statuses: ReadonlyMap<string, WantedStatus>): void;
  close(): Promise<void>;
}

export interface StatusWriterOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  /** RFC 3339, of the wall clock. */
  readonly now?: () => string;
  readonly onWrite?: (outcome: "written" | "failed", error?: unknown) => void;
}

const POLICIES = "/apis/heddle.dev/v1alpha1/trafficpolicies";
const ROUTES = {
  HTTPRoute: "/apis/gateway.networking.k8s.io/v1/httproutes",
  GRPCRoute: "/apis/gateway.networking.k8s.io/v1/grpcroutes",
} as const;
/** Milliseconds between two writes: 20 a second. */
const PACE = 50;
/** Milliseconds after a failure. */
const RETRY = 1000;

/** Starts at once: first it reads what the objects say now, so that times of transition survive a change of the writer. */
export function startStatusWriter(options: StatusWriterOptions): StatusWriter {
  const { client, clock, now = () => new Date().toISOString().replace(/\.\d+Z$/, "Z"), onWrite = () => {} } = options;
  const stop = new AbortController();
  /** Keys whose status may differ from what is wanted: at most as many as there are objects. */
  const due = new Set<string>();
  const written = new Map<string, Written>();
  /** Conditions of policies as they were at the start, until they are written. */
  const before = new Map<string, readonly Condition[]>();
  /** Routes that have entries of Heddle's. */
  const marked = new Set<string>();
  let wanted: ReadonlyMap<string, WantedStatus> = new Map();
  let wake = Promise.withResolvers<void>();

  async function seed(): Promise<void> {
    const { items } = await listAll(client, { path: POLICIES, signal: stop.signal });
    for (const item of items) before.set(keyOf("TrafficPolicy", item), conditionsOf(item));
    for (const kind of ["HTTPRoute", "GRPCRoute"] as const) {
      for (const item of await listInstalled(client, ROUTES[kind], stop.signal)) {
        if (parentsOf(item).some(isOwn)) marked.add(keyOf(kind, item));
      }
    }
  }

  /** True where something was written. */
  async function tellPolicy(key: string, want: WantedPolicy): Promise<boolean> {
    const last = written.get(key);
    const conditions = last?.createdAt === want.createdAt ? last.conditions : (before.get(key) ?? []);
    const status = policyStatus(want, conditions, now());
    const next = { createdAt: want.createdAt, told: status, conditions: status.conditions };
    if (isDeepStrictEqual(next, last)) return false;
    await ifThere(writePolicy(client, want, status, stop.signal));
    written.set(key, next);
    before.delete(key);
    return true;
  }

  async function tellRoute(key: string, want: WantedRoute): Promise<boolean> {
    const { createdAt, parents } = want;
    const next = { createdAt, told: parents, conditions: [] };
    if (isDeepStrictEqual(next, written.get(key)) || (parents.length === 0 && !marked.has(key))) return false;
    const wrote = await ifThere(writeRoute(client, want, now(), stop.signal));
    written.set(key, next);
    if (parents.length > 0) marked.add(key);
    else marked.delete(key);
    return wrote ?? false;
  }

  async function write(key: string): Promise<void> {
    const want = wanted.get(key);
    if (!want) return;
    if (!(await (isRoute(want) ? tellRoute(key, want) : tellPolicy(key, want)))) return;
    onWrite("written");
    await sleep(clock, PACE, stop.signal);
  }

  async function attempt(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (stop.signal.aborted) return false;
      onWrite("failed", error);
      await sleep(clock, RETRY, stop.signal);
      return false;
    }
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted && !(await attempt(seed)));
    while (!stop.signal.aborted) {
      const [key] = due;
      if (key === undefined) {
        await wake.promise;
        continue;
      }
      due.delete(key);
      if (!(await attempt(() => write(key)))) due.add(key);
    }
  }

  const running = run();
  return {
    want(statuses) {
      wanted = statuses;
      for (const key of statuses.keys()) due.add(key);
      for (const known of [written, marked]) for (const key of known.keys()) if (!statuses.has(key)) known.delete(key);
      wake.resolve();
      wake = Promise.withResolvers();
    },
    async close() {
      stop.abort();
      wake.resolve();
      await running;
    },
  };
}

/** What an object was told last. */
interface Written {
  readonly createdAt: number;
  readonly told: unknown;
  readonly conditions: readonly Condition[];
}

function keyOf(kind: string, { metadata: { namespace = "", name } }: KubeObject): string {
  return refKey({ kind, namespace, name });
}

/** Undefined where the object was deleted meanwhile: nobody is left to tell. */
async function ifThere<T>(writing: Promise<T>): Promise<T | undefined> {
  try {
    return await writing;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** None where the kind is not installed. */
async function listInstalled(client: KubeClient, path: string, signal: AbortSignal): Promise<readonly KubeObject[]> {
  return (await ifThere(listAll(client, { path, signal })))?.items ?? [];
}
