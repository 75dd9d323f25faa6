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
  /** A holder that could not renew for this long stops leading. Shorter than `duration`: so there are never two. */
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
  let cancelDeadline = (): void => {};
  /** Whether the lease may name this one, as far as is known here. */
  let mayHold = false;
  /** The record as it was last seen, and since when it has looked like that. */
  let observed: { readonly version: string; readonly since: number } | undefined;

  function follow(): void {
    cancelDeadline();
    if (!leading) return;
    leading = false;
    onChange(false);
  }

  /** @param since when the renewal was asked for: the others may count from then on, however late the answer is */
  function lead(since: number): void {
    const left = since + timing.deadline - clock.now();
    if (left <= 0 || stop.signal.aborted) return;
    cancelDeadline();
    // Apart from the tries: one that hangs must not keep a holder leading.
    cancelDeadline = clock.after(left, () => {
      follow();
      options.onError?.(new KubeError(`lease ${namespace}/${name} could not be renewed in time`, {}));
    });
    if (leading) return;
    leading = true;
    onChange(true);
  }

  async function tryOnce(): Promise<void> {
    const limits = { timeout: timing.deadline / 2, signal: stop.signal };
    const lease = await client.request<LeaseObject>({ method: "GET", path, ...limits }).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    const start = clock.now();
    const version = lease?.metadata.resourceVersion ?? "";
    if (observed?.version !== version) observed = { version, since: start };
    const holder = lease?.spec?.holderIdentity ?? "";
    const theirs = holder !== "" && holder !== identity;
    if (theirs) {
      mayHold = false;
      follow();
      const lasts = Math.max(timing.duration, (lease?.spec?.leaseDurationSeconds ?? 0) * 1000);
      if (start - observed.since < lasts) return;
    }
    const body = record(lease, holder === identity);
    // Also when no answer comes: it may have been written all the same.
    mayHold = true;
    const written = lease
      ? await client.request<LeaseObject>({ method: "PUT", path, body, ...limits })
      : await client.request<LeaseObject>({ method: "POST", path: collection, body, ...limits });
    observed = { version: written.metadata.resourceVersion ?? "", since: clock.now() };
    lead(start);
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
        if (!isConflict(error) && !stop.signal.aborted) options.onError?.(error);
      }
      await sleep(clock, timing.retry * (0.9 + random() / 5), stop.signal);
    }
  }

  async function release(): Promise<void> {
    const lease = await client.request<LeaseObject>({ method: "GET", path, timeout: timing.retry });
    if (lease.spec?.holderIdentity !== identity) return;
    const spec: LeaseSpec = { ...lease.spec, holderIdentity: "", leaseDurationSeconds: 1 };
    await client.request({ method: "PUT", path, body: { ...lease, spec }, timeout: timing.retry });
  }

  /** A renewal that was cut off may still come in between: then once more. */
  async function giveBack(): Promise<void> {
    try {
      await release().catch((error: unknown) => {
        if (!isConflict(error)) throw error;
        return release();
      });
    } catch (error) {
      options.onError?.(error);
    }
  }

  const running = run();
  return {
    get leading() {
      return leading;
    },
    async close() {
      stop.abort();
      follow();
      await running;
      if (mayHold) await giveBack();
    },
  };
}
