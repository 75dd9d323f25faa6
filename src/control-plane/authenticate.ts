/** Decides on xDS streams by the pod's service-account token: a sidecar is the pod that its token names. */
import type { Clock } from "../base/clock.ts";
import type { TokenReviewer } from "../identity/token-review.ts";
import type { Authenticate } from "../xds/index.ts";

/** Milliseconds before the token's expiry at which a stream ends, so that the next one brings the new token; spread, so that not all end at once. */
const MARGIN = 30_000;
const SPREAD = 30_000;
/** A stream lives this long at least: a token that is not renewed must not make streams come in a loop. */
const MIN_LIFE = 10_000;

export function authenticateByToken(
  review: TokenReviewer,
  {
    clock,
    wallClock,
    random,
  }: { readonly clock: Clock; readonly wallClock: () => number; readonly random: () => number },
): Authenticate {
  return async ({ metadata }) => {
    const [header] = metadata.get("authorization");
    if (header === undefined) return { admitted: false, code: "UNAUTHENTICATED", reason: "no-token" };
    const [, token] = /^Bearer +([^ ]+)$/i.exec(String(header)) ?? [];
    if (token === undefined) return { admitted: false, code: "UNAUTHENTICATED", reason: "malformed" };
    const reviewed = await review(token);
    if (!reviewed.ok) {
      const code = reviewed.reason === "unavailable" ? "UNAVAILABLE" : "UNAUTHENTICATED";
      return { admitted: false, code, reason: reviewed.reason };
    }
    const life = Math.max(MIN_LIFE, reviewed.expiresAt - wallClock() - MARGIN - random() * SPREAD);
    return { admitted: true, node: `${reviewed.pod.name}.${reviewed.pod.namespace}`, until: clock.now() + life };
  };
}
