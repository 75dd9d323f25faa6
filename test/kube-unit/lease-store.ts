/** One Lease on an API server that is slow, loses requests and loses answers, in manual time. */
import type { Clock } from "../../src/base/clock.ts";
import type { KubeClient, KubeRequest } from "../../src/kube/client.ts";
import { KubeError } from "../../src/kube/errors.ts";
import type { KubeObject } from "../../src/kube/object.ts";

/** What happens to one request; delays in milliseconds. */
export interface Fate {
  readonly there: number;
  readonly back: number;
  /** `hangs`: it is never answered, and whoever waits for it learns nothing. */
  readonly end: "answered" | "lost" | "answer lost" | "refused" | "hangs";
}

export interface LeaseStore {
  readonly lease: KubeObject | undefined;
  /** A way to it, on which each request meets the next fate. */
  client(fate: () => Fate): KubeClient;
}

export const FINE: Fate = { there: 0, back: 0, end: "answered" };

export function leaseStore(clock: Clock): LeaseStore {
  let lease: KubeObject | undefined;
  let version = 0;

  function wait(delay: number): Promise<void> {
    return delay === 0 ? Promise.resolve() : new Promise((resolve) => void clock.after(delay, resolve));
  }

  function serve({ method, body }: KubeRequest): KubeObject {
    const sent = body as KubeObject | undefined;
    if (method === "GET" || method === "PUT") {
      if (!lease) throw new KubeError("not found", { status: 404, reason: "NotFound" });
      if (method === "GET") return lease;
      if (sent?.metadata.resourceVersion !== lease.metadata.resourceVersion) throw conflict();
    } else if (lease) throw conflict();
    lease = { ...sent, metadata: { ...sent!.metadata, resourceVersion: String(++version) } };
    return lease;
  }

  async function meet(request: KubeRequest, { there, back, end }: Fate): Promise<KubeObject> {
    await wait(there);
    if (end === "refused") throw new KubeError("overloaded", { status: 503 });
    if (end === "lost") throw new KubeError("reset", {});
    const answer = serve(request);
    if (end === "hangs") await new Promise(() => {});
    await wait(back);
    if (end === "answer lost") throw new KubeError("reset", {});
    return answer;
  }

  return {
    get lease() {
      return lease;
    },
    client: (fate) => ({
      request: <T>(request: KubeRequest) =>
        Promise.race([
          meet(request, fate()),
          new Promise<never>((_, reject) => {
            request.signal?.addEventListener("abort", () => reject(new KubeError("aborted", {})), { once: true });
          }),
        ]) as Promise<T>,
      open: () => Promise.reject(new Error("a lease is not watched")),
      close() {},
    }),
  };
}

function conflict(): KubeError {
  return new KubeError("it changed meanwhile", { status: 409, reason: "Conflict" });
}
