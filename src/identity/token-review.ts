/** Who a service-account token stands for, as the API server says (TokenReview, authentication.k8s.io/v1). */
import { hash } from "node:crypto";
import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import type { KubeClient } from "../kube/client.ts";

export type Reviewed =
  | {
      readonly ok: true;
      readonly pod: { readonly namespace: string; readonly name: string; readonly uid: string };
      readonly serviceAccount: string;
      /** Milliseconds since the epoch. */
      readonly expiresAt: number;
    }
  | { readonly ok: false; readonly reason: Refusal };

/**
 * - `malformed`: no JWT, or too long
 * - `expired`: its own time is over
 * - `audience`: it was made for somebody else
 * - `unauthenticated`: the API server does not vouch for it
 * - `not-bound`: it belongs to a service account, but to no pod
 * - `unavailable`: it could not be asked
 */
export type Refusal = "malformed" | "expired" | "audience" | "unauthenticated" | "not-bound" | "unavailable";

export type TokenReviewer = (token: string) => Promise<Reviewed>;

export interface TokenReviewerOptions {
  readonly client: KubeClient;
  /** What tokens must be made for. */
  readonly audience: string;
  readonly clock: Clock;
  /** Milliseconds since the epoch. */
  readonly wallClock?: () => number;
  readonly onReview?: (outcome: "ok" | "cached" | Refusal) => void;
}

const MAX_TOKEN = 16 * 1024;
const MAX_REMEMBERED = 10_000;
const MAX_AT_ONCE = 32;
const MAX_WAITING = 1000;
/** Milliseconds for which an answer is good. A pod that is deleted keeps its streams for as long at most. */
const REMEMBER_YES = 60_000;
const REMEMBER_NO = 5000;
const TIMEOUT = 10_000;

const POD_NAME = "authentication.kubernetes.io/pod-name";
const POD_UID = "authentication.kubernetes.io/pod-uid";

const answer = z.object({
  status: z.object({
    authenticated: z.boolean().optional(),
    audiences: z.array(z.string()).optional(),
    error: z.string().optional(),
    user: z
      .object({ username: z.string().default(""), extra: z.record(z.string(), z.array(z.string())).default({}) })
      .prefault({}),
  }),
});

const claims = z.object({ exp: z.number(), aud: z.union([z.string(), z.array(z.string())]).optional() });
type Claims = z.output<typeof claims>;

interface Remembered {
  readonly reviewed: Reviewed;
  readonly at: number;
}

/** Answers are remembered by the token's hash, never by the token. */
export function createTokenReviewer(options: TokenReviewerOptions): TokenReviewer {
  const { client, audience, clock, wallClock = Date.now, onReview = () => {} } = options;
  /** The least recently used first. */
  const remembered = new Map<string, Remembered>();
  const underWay = new Map<string, Promise<Reviewed>>();
  const waiting: (() => void)[] = [];
  let busy = 0;

  function recall(key: string): Reviewed | undefined {
    const known = remembered.get(key);
    if (!known || clock.now() - known.at >= (known.reviewed.ok ? REMEMBER_YES : REMEMBER_NO)) return undefined;
    if (known.reviewed.ok && known.reviewed.expiresAt <= wallClock()) return undefined;
    remembered.delete(key);
    remembered.set(key, known);
    return known.reviewed;
  }

  function remember(key: string, reviewed: Reviewed): void {
    remembered.delete(key);
    remembered.set(key, { reviewed, at: clock.now() });
    const [oldest] = remembered.keys();
    if (remembered.size > MAX_REMEMBERED) remembered.delete(oldest!);
  }

  async function ask(token: string, own: Claims): Promise<Reviewed> {
    const review = await client.request({
      method: "POST",
      path: "/apis/authentication.k8s.io/v1/tokenreviews",
      body: {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenReview",
        spec: { token, audiences: [audience] },
      },
      timeout: TIMEOUT,
    });
    return judge(answer.parse(review).status, own);
  }

  function judge({ authenticated, audiences, user }: z.output<typeof answer>["status"], own: Claims): Reviewed {
    if (!authenticated) return no([own.aud ?? []].flat().includes(audience) ? "unauthenticated" : "audience");
    if (!audiences?.includes(audience)) return no("audience");
    const [, namespace, serviceAccount] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user.username) ?? [];
    const { [POD_NAME]: [name] = [], [POD_UID]: [uid] = [] } = user.extra;
    if (!namespace || !serviceAccount || !name || !uid) return no("not-bound");
    return { ok: true, pod: { namespace, name, uid }, serviceAccount, expiresAt: own.exp * 1000 };
  }

  /** One of a bounded number at a time; undefined where too many wait. */
  async function inTurn(run: () => Promise<Reviewed>): Promise<Reviewed> {
    if (busy >= MAX_AT_ONCE) {
      if (waiting.length >= MAX_WAITING) return no("unavailable");
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else busy++;
    try {
      return await run();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else busy--;
    }
  }

  async function review(key: string, token: string, own: Claims): Promise<Reviewed> {
    try {
      const reviewed = await inTurn(() => ask(token, own));
      if (reviewed.ok || reviewed.reason !== "unavailable") remember(key, reviewed);
      return reviewed;
    } catch {
      // What the API server vouched for once is true until the token expires: a sidecar that reconnects while the API server is
      // away is better served than left with what it has.
      const known = remembered.get(key)?.reviewed;
      return known?.ok && known.expiresAt > wallClock() ? known : no("unavailable");
    }
  }

  return async (token) => {
    const own = claimsOf(token);
    if (!own) return counted(no("malformed"));
    if (own.exp * 1000 <= wallClock()) return counted(no("expired"));
    const key = hash("sha256", token, "hex");
    const known = recall(key);
    if (known) {
      onReview("cached");
      return known;
    }
    let pending = underWay.get(key);
    if (!pending) {
      pending = review(key, token, own).finally(() => underWay.delete(key));
      underWay.set(key, pending);
    }
    return counted(await pending);
  };

  function counted(reviewed: Reviewed): Reviewed {
    onReview(reviewed.ok ? "ok" : reviewed.reason);
    return reviewed;
  }
}

function no(reason: Refusal): Reviewed {
  return { ok: false, reason };
}

/** What the token says of itself. Nothing of it is believed before the API server vouches for the token. */
function claimsOf(token: string): Claims | undefined {
  const [, payload, signature] = token.length <= MAX_TOKEN ? token.split(".") : [];
  if (payload === undefined || !signature) return undefined;
  try {
    const parsed = claims.safeParse(JSON.parse(Buffer.from(payload, "base64url").toString()));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
