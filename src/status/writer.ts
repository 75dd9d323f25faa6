/**
 * Writes the status of policies: by one replica, by server-side apply, only what changed, and no faster than the API server is to
 * bear.
 */
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { type Clock } from "../base/clock.ts";
import type { ObjectRef } from "../base/diagnostic.ts";
import { apply } from "../kube/apply.ts";
import { sleep } from "../kube/backoff.ts";
import type { KubeClient } from "../kube/client.ts";
import { isNotFound } from "../kube/errors.ts";
import { listAll } from "../kube/list.ts";
import { keyOf } from "../kube/object.ts";
import { type Condition, type Judgement, withTransitions } from "./condition.ts";
import type { PolicyStatus, ProxyCounts } from "./policy-status.ts";
import type { Rejection } from "./report.ts";

/** What a policy's status is to say. */
export interface WantedStatus {
  readonly ref: ObjectRef;
  /** Tells an object from another of the same name. */
  readonly createdAt: number;
  readonly generation: number;
  readonly judgements: readonly Judgement[];
  readonly proxies: ProxyCounts;
  readonly rejections: readonly Rejection[];
}

export interface StatusWriter {
  /** What all policies are to say, by key; one that is not in it any more is forgotten. */
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
const MANAGER = "heddle-status";
/** Milliseconds between two writes: 20 a second. */
const PACE = 50;
/** Milliseconds after a failure. */
const RETRY = 1000;

const conditions = z.object({
  status: z.object({
    conditions: z.array(
      z.object({
        type: z.string(),
        status: z.enum(["True", "False", "Unknown"]),
        reason: z.string(),
        message: z.string(),
        observedGeneration: z.int().default(0),
        lastTransitionTime: z.string(),
      }),
    ),
  }),
});

/** Starts at once: first it reads what the policies say now, so that times of transition survive a change of the writer. */
export function startStatusWriter(options: StatusWriterOptions): StatusWriter {
  const { client, clock, now = () => new Date().toISOString().replace(/\.\d+Z$/, "Z"), onWrite = () => {} } = options;
  const stop = new AbortController();
  /** Keys whose status may differ from what is wanted: at most as many as there are policies. */
  const due = new Set<string>();
  const written = new Map<string, { readonly createdAt: number; readonly status: PolicyStatus }>();
  const before = new Map<string, readonly Condition[]>();
  let wanted: ReadonlyMap<string, WantedStatus> = new Map();
  let wake = Promise.withResolvers<void>();

  async function seed(): Promise<void> {
    for (const item of (await listAll(client, { path: POLICIES, signal: stop.signal })).items) {
      const parsed = conditions.safeParse(item);
      if (parsed.success) before.set(keyOf(item), parsed.data.status.conditions);
    }
  }

  function statusOf(
    { createdAt, generation, judgements, proxies, rejections }: WantedStatus,
    key: string,
  ): PolicyStatus {
    const own = written.get(key);
    const last = own?.createdAt === createdAt ? own.status.conditions : (before.get(key) ?? []);
    return {
      observedGeneration: generation,
      conditions: withTransitions(judgements, last, now()),
      proxies: { ...proxies, summary: `${proxies.synced}/${proxies.matched}` },
      rejections,
    };
  }

  async function write(key: string): Promise<void> {
    const want = wanted.get(key);
    if (!want) return;
    const status = statusOf(want, key);
    if (isDeepStrictEqual({ createdAt: want.createdAt, status }, written.get(key))) return;
    const { name, namespace } = want.ref;
    const object = { apiVersion: "heddle.dev/v1alpha1", kind: "TrafficPolicy", metadata: { name, namespace }, status };
    try {
      await apply(client, object, {
        resource: "trafficpolicies",
        subresource: "status",
        manager: MANAGER,
        signal: stop.signal,
      });
    } catch (error) {
      // Deleted meanwhile: nobody is left to tell.
      if (!isNotFound(error)) throw error;
    }
    written.set(key, { createdAt: want.createdAt, status });
    before.delete(key);
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
      for (const key of written.keys()) if (!statuses.has(key)) written.delete(key);
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
