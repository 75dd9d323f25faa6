/** Who a service-account token stands for, as the API server says (TokenReview, authentication.k8s.io/v1). */
import { hash } from "node:crypto";
import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import type { KubeClient } from "../kube/client.ts";
import { createRecent } from "./recent.ts";
import { readClaims, type TokenClaims } from "./token-claims.ts";
import { createTurns } from "./turns.ts";

export type Reviewed = Vouched | Refused;

export interface Vouched {
  readonly ok: true;
  readonly pod: { readonly namespace: string; readonly name: string; readonly uid: string };
  readonly serviceAccount: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export interface Refused {
  readonly ok: false;
  readonly reason: Refusal;
}

/**
 * - `malformed`: no JWT, or too long
 * - `expired`: its own time is over
 * - `audience`: it was made for somebody else
 * - `unauthenticated`: the API server does not vouch for it
 * - `not-bound`: it belongs to no pod
 * - `unavailable`: it could not be asked
 */
export type Refusal = "malformed" | "expired" | "audience" | "unauthenticated" | "not-bound" | "unavailable";

/** For counting: `cached` may be either answer; `stale` is a former yes while the API server cannot be asked. */
export type ReviewOutcome = "ok" | "cached" | "stale" | Refusal;

/** Never rejects. */
export type TokenReviewer = (token: string) => Promise<Reviewed>;

export interface TokenReviewerOptions {
  readonly client: KubeClient;
  /** What tokens must be made for. */
  readonly audience: string;
  readonly clock: Clock;
  /** Milliseconds since the epoch. */
  readonly wallClock?: () => number;
  readonly onReview?: (outcome: ReviewOutcome) => void;
}

const TURNS = { atOnce: 32, maxWaiting: 1000, maxWait: 10_000 };
/** Apart from each other: made-up tokens must not push out those of sidecars. */
const MAX_VOUCHED = 10_000;
const MAX_REFUSED = 1000;
/** Milliseconds for which an answer is good. A pod that is deleted can open streams for as long at most. */
const VOUCHED_FOR = 60_000;
const REFUSED_FOR = 5000;
const TIMEOUT = 10_000;

const POD_NAME = "authentication.kubernetes.io/pod-name";
const POD_UID = "authentication.kubernetes.io/pod-uid";

const answer = z.object({
  status: z.object({
    authenticated: z.boolean().default(false),
    audiences: z.array(z.string()).default([]),
    user: z
      .object({ username: z.string().default(""), extra: z.record(z.string(), z.array(z.string())).default({}) })
      .prefault({}),
  }),
});
type ReviewStatus = z.output<typeof answer>["status"];

interface Counted {
  readonly reviewed: Reviewed;
  readonly outcome: ReviewOutcome;
}

/** Answers are remembered by the token's hash, never by the token. */
export function createTokenReviewer(options: TokenReviewerOptions): TokenReviewer {
  const { client, audience, clock, wallClock = Date.now, onReview = () => {} } = options;
  const vouched = createRecent<{ readonly reviewed: Vouched; readonly at: number }>(MAX_VOUCHED);
  const refused = createRecent<{ readonly reviewed: Refused; readonly at: number }>(MAX_REFUSED);
  /** Bounded by the turns. */
  const underWay = new Map<string, Promise<Counted>>();
  const inTurn = createTurns({ clock, ...TURNS });

  function recall(key: string): Reviewed | undefined {
    const [yes, no] = [vouched.get(key), refused.get(key)];
    if (yes && clock.now() - yes.at < VOUCHED_FOR) return yes.reviewed;
    return no && clock.now() - no.at < REFUSED_FOR ? no.reviewed : undefined;
  }

  function remember(key: string, reviewed: Reviewed): void {
    const at = clock.now();
    if (reviewed.ok) return vouched.set(key, { reviewed, at });
    vouched.delete(key);
    refused.set(key, { reviewed, at });
  }

  async function ask(token: string): Promise<ReviewStatus> {
    const review = await client.request({
      method: "POST",
      path: "/apis/authentication.k8s.io/v1/tokenreviews",
      body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token, audiences: [audience] } },
      timeout: TIMEOUT,
    });
    return answer.parse(review).status;
  }

  async function review(key: string, token: string, claims: TokenClaims): Promise<Counted> {
    try {
      const reviewed = judge(await inTurn(() => ask(token)), claims, audience);
      remember(key, reviewed);
      return { reviewed, outcome: reviewed.ok ? "ok" : reviewed.reason };
    } catch {
      // What the API server vouched for once is true until the token expires, unless the pod was deleted meanwhile: a sidecar that
      // reconnects while the API server is away is better served than left with what it has. The error is forgotten, since it may
      // hold the request, and with it the token.
      const known = vouched.get(key)?.reviewed;
      if (known) return { reviewed: known, outcome: "stale" };
      return { reviewed: refusal("unavailable"), outcome: "unavailable" };
    }
  }

  function reviewOnce(key: string, token: string, claims: TokenClaims): Promise<Counted> {
    const pending = underWay.get(key) ?? review(key, token, claims).finally(() => underWay.delete(key));
    underWay.set(key, pending);
    return pending;
  }

  async function decide(token: string): Promise<Counted> {
    const claims = readClaims(token);
    if (!claims) return { reviewed: refusal("malformed"), outcome: "malformed" };
    const expired: Counted = { reviewed: refusal("expired"), outcome: "expired" };
    if (claims.expiresAt <= wallClock()) return expired;
    const key = hash("sha256", token, "hex");
    const known = recall(key);
    if (known) return { reviewed: known, outcome: "cached" };
    const counted = await reviewOnce(key, token, claims);
    // It may have waited for longer than the token had to live.
    return counted.reviewed.ok && counted.reviewed.expiresAt <= wallClock() ? expired : counted;
  }

  return async (token) => {
    const { reviewed, outcome } = await decide(token);
    onReview(outcome);
    return reviewed;
  };
}

function judge({ authenticated, audiences, user }: ReviewStatus, claims: TokenClaims, audience: string): Reviewed {
  // Of a token that it does not vouch for, the API server says no more; the claims serve for the reason only.
  if (!authenticated) return refusal(claims.audiences.includes(audience) ? "unauthenticated" : "audience");
  // An API server that does not know of audiences names none: it did not check.
  if (!audiences.includes(audience)) return refusal("audience");
  const [, namespace, serviceAccount] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user.username) ?? [];
  const { [POD_NAME]: [name] = [], [POD_UID]: [uid] = [] } = user.extra;
  if (!namespace || !serviceAccount || !name || !uid) return refusal("not-bound");
  return { ok: true, pod: { namespace, name, uid }, serviceAccount, expiresAt: claims.expiresAt };
}

function refusal(reason: Refusal): Refused {
  return { ok: false, reason };
}
