/** What a TrafficPolicy does with the requests of a route. */
import { z } from "zod";
import { duration } from "./duration.ts";
import { dnsLabel } from "./object-meta.ts";
import { mirror, split } from "./policy-backend.ts";
import { cors, directResponse, fault, headers, redirect, rewrite } from "./policy-filters.ts";
import { filters } from "./policy-filter-rules.ts";
import { routeMatch } from "./policy-match.ts";
import { rateLimit } from "./policy-rate-limit.ts";
import * as rules from "./policy-rules.ts";
import { exactlyOne, withRules } from "./rule.ts";
import { cookieName, cookiePath, headerName, positiveDuration } from "./scalar.ts";

/** What keeps a user on one side of a split while weights move; exactly one must be given. */
const sticky = withRules(
  z.strictObject({
    header: headerName.optional(),
    cookie: cookieName.optional(),
    query: z.string().min(1).max(256).optional(),
    ttl: duration
      .optional()
      .describe(
        "With it, users without the cookie are given one, and stay on the side of their first request. For so long the browser keeps it; 0s is until it is closed. The cookie must not be one of the application's own.",
      ),
    path: cookiePath.optional().describe("Path of a cookie that is given; / by default."),
  }),
  [exactlyOne(["header", "cookie", "query"]), rules.givenCookie],
);

/** Conditions on which a request is tried again, in Envoy's words (router filter, `x-envoy-retry-on` and gRPC). */
export const RETRY_CONDITIONS = [
  "connect-failure",
  "refused-stream",
  "reset-before-request",
  "reset",
  "gateway-error",
  "5xx",
  "retriable-4xx",
  "cancelled",
  "deadline-exceeded",
  "internal",
  "resource-exhausted",
  "unavailable",
] as const;

const retries = z.strictObject({
  attempts: z.int().min(0).max(10).describe("Tries after the first one. 0 switches retries off."),
  perTryTimeout: duration.optional().describe("Longest time for one try; 0s is none."),
  conditions: z
    .array(z.enum(RETRY_CONDITIONS))
    .min(1)
    .max(16)
    .optional()
    .describe("Failures to try again on. By default those after which the request cannot have been acted on."),
  on: z
    .array(z.enum(RETRY_CONDITIONS))
    .min(1)
    .max(16)
    .optional()
    .describe("Added to `conditions`. Prefer that name: kubectl reads an unquoted `on` as `true` (ADR 5)."),
  onStatus: z
    .array(z.int().min(100).max(599))
    .min(1)
    .max(16)
    .optional()
    .describe("HTTP status codes to try again on, beside `conditions`."),
  retryAfter: z
    .strictObject({
      max: positiveDuration
        .default(60_000)
        .describe("An answer that asks for a longer wait is given to the caller. 60s by default."),
    })
    .optional()
    .describe("Waits as long as the answer's Retry-After says, instead of `backoff`."),
  backoff: withRules(
    z.strictObject({
      base: positiveDuration.optional().describe("The first wait at most; it doubles with each try. 25ms by default."),
      max: positiveDuration.optional().describe("The longest wait. Ten times the base by default."),
    }),
    [rules.backoff],
  ).optional(),
});

const routeFields = z.strictObject({
  name: dnsLabel.optional().describe("What status, statistics and messages call the route."),
  match: z
    .array(routeMatch)
    .min(1)
    .max(16)
    .optional()
    .describe("Alternatives, one of which must hold. A route without takes every request."),
  split: z.array(split).min(1).max(16).optional().describe("Where requests go; the whole target by default."),
  sticky: sticky
    .optional()
    .describe(
      "What keeps a user on one side of the split while weights move: only users between the old border and the new one change sides. Entries keep their order.",
    ),
  mirror: z
    .array(mirror)
    .min(1)
    .max(4)
    .optional()
    .describe("Who gets copies of requests; its answers are thrown away."),
  timeout: duration.optional().describe("Longest time for the whole request, retries included; 0s is none."),
  retries: retries.optional(),
  headers: headers.optional().describe("Headers that are set, added and removed."),
  rewrite: rewrite.optional().describe("What the receiver sees instead of the path or host that was asked for."),
  redirect: redirect.optional().describe("The caller is sent somewhere else."),
  directResponse: directResponse.optional().describe("The sidecar answers by itself."),
  cors: cors.optional().describe("Which web pages of other origins may call."),
  rateLimit: rateLimit
    .optional()
    .describe("Refuses what is too much, at the caller's side; the answer tells what is left."),
  fault: fault.optional().describe("Delays and failures, to see what callers make of them."),
});
export const route = withRules(routeFields, [...rules.splitting, ...filters]);

export type Route = z.output<typeof route>;
export type Sticky = NonNullable<Route["sticky"]>;
export type Retries = NonNullable<Route["retries"]>;
