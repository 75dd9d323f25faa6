/**
 * Leader election by a Lease (coordination.k8s.io/v1). Clocks of machines are not compared: a holder counts as gone when its
 * record has not changed for a whole lease duration *as observed here*.
 */
import { type Clock, systemClock } from "../base/clock.ts";
import { sleep } from "./backoff.ts";
import type { KubeClient } from "./client.ts";
import { isConflict, isNotFound, KubeError } from "./errors.ts";
import type { KubeObject } from "./object.ts";

export interface ElectionOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly name: string;
  /** Who this is; different for every replica. */
  readonly identity: string;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly timing?: Partial<LeaseTiming>;
  /** Called with true when leading begins, with false when it ends, in turn. */
  readonly onChange: (leading: boolean) => void;
  readonly onError?: (error: unknown) => void;
}

/** In milliseconds. */
export interface LeaseTiming {
  /** How long a record stays good without renewal. */
  readonly duration: number;
  /** A holder that could not renew for this long stops leading: shorter than `duration`, so that there are never two. */
  readonly deadline: number;
  /** Between tries to renew or to take. */
  readonly retry: number;
}

export interface Election {
  readonly leading: boolean;
  /** Stops; a holder gives the lease back, so that the next one need not wait. */
  close(): Promise<void>;
}

const TIMING: LeaseTiming = { duration: 15_000, deadline: 10_000, retry: 2000 };

interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

type LeaseObject = KubeObject & { readonly spec?: LeaseSpec };

/** Takes part in the election from now on. */
export function startElection(options: ElectionOptions): Election {
  const { client, namespace, name, identity, clock = systemClock, random = Math.random, onChange } = options;
  const timing = { ...TIMING, ...options.timing };
  const collection = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  const path = `${collection}/${name}`;
  const stop = new AbortController();
  let leading = false;
  let renewedAt = 0;
  /** The record as it was last seen, and since when it has looked like that. */
  let observed: { readonly version: string; readonly since: number } | undefined;

  function lead(now: boolean): void {
    if (leading === now) return;
    leading = now;
    onChange(now);
  }

  async function tryOnce(): Promise<void> {
    const timeout = timing.deadline / 2;
    const lease = await client.request<LeaseObject>({ method: "GET", path, timeout }).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    const start = clock.now();
    const version = lease?.metadata.resourceVersion ?? "";
    if (observed?.version !== version) observed = { version, since: start };
    const holder = lease?.spec?.holderIdentity ?? "";
    const theirs = holder !== "" && holder !== identity;
    if (theirs) {
      lead(false);
      const lasts = Math.max(timing.duration, (lease?.spec?.leaseDurationSeconds ?? 0) * 1000);
      if (start - observed.since < lasts) return;
    }
    const body = record(lease, holder === identity);
    const written = lease
      ? await client.request<LeaseObject>({ method: "PUT", path, body, timeout })
      : await client.request<LeaseObject>({ method: "POST", path: collection, body, timeout });
    observed = { version: written.metadata.resourceVersion ?? "", since: clock.now() };
    // From before the request on: that is when the others may begin to count.
    renewedAt = start;
    lead(true);
  }

  function record(lease: LeaseObject | undefined, mine: boolean): LeaseObject {
    const now = new Date().toISOString().replace("Z", "000Z");
    const spec = lease?.spec;
    return {
      ...lease,
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { ...lease?.metadata, name, namespace },
      spec: {
        ...spec,
        holderIdentity: identity,
        leaseDurationSeconds: Math.ceil(timing.duration / 1000),
        acquireTime: (mine && spec?.acquireTime) || now,
        renewTime: now,
        leaseTransitions: (spec?.leaseTransitions ?? 0) + (mine ? 0 : 1),
      },
    };
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        await tryOnce();
      } catch (error) {
        // Somebody else was first: what they wrote is seen at the next try.
        if (!isConflict(error)) options.onError?.(error);
      }
      await sleep(clock, timing.retry * (0.9 + random() / 5), stop.signal);
    }
  }

  /** Apart from the tries: one that hangs must not keep a holder leading. */
  async function watchDeadline(): Promise<void> {
    while (!stop.signal.aborted) {
      if (leading && clock.now() - renewedAt >= timing.deadline) {
        lead(false);
        options.onError?.(new KubeError(`lease ${namespace}/${name} could not be renewed in time`, {}));
      }
      await sleep(clock, timing.retry / 4, stop.signal);
    }
  }

  async function release(): Promise<void> {
    const lease = await client.request<LeaseObject>({ method: "GET", path, timeout: timing.retry });
    if (lease.spec?.holderIdentity !== identity) return;
    const spec: LeaseSpec = { ...lease.spec, holderIdentity: "", leaseDurationSeconds: 1 };
    await client.request({ method: "PUT", path, body: { ...lease, spec }, timeout: timing.retry });
  }

  const running = Promise.all([run(), watchDeadline()]);
  return {
    get leading() {
      return leading;
    },
    async close() {
      stop.abort();
      await running;
      const held = leading;
      lead(false);
      if (held) await release().catch((error: unknown) => options.onError?.(error));
    },
  };
}
