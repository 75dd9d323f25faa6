import { z } from "zod";

const claims = z.object({ exp: z.number(), aud: z.union([z.string(), z.array(z.string())]).default([]) });

/** What a service-account token says of itself. Nothing of it is to be believed before the API server vouches for the token. */
export interface TokenClaims {
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly audiences: readonly string[];
}

/** Characters. The API server's own tokens have some 1000. */
const MAX_TOKEN = 16 * 1024;

/** Undefined where the text is no JWT with an expiry, or too long for one. */
export function readClaims(token: string): TokenClaims | undefined {
  if (token.length > MAX_TOKEN) return undefined;
  const [, payload, signature, ...more] = token.split(".");
  if (payload === undefined || !signature || more.length > 0) return undefined;
  try {
    const { exp, aud } = claims.parse(JSON.parse(Buffer.from(payload, "base64url").toString()));
    return { expiresAt: exp * 1000, audiences: [aud].flat() };
  } catch {
    return undefined;
  }
}
