/** What a route of a TrafficPolicy changes in requests and answers, and what it answers by itself. */
import { z } from "zod";
import { duration } from "./duration.ts";
import { METHODS } from "./policy-match.ts";
import * as rules from "./policy-filter-rules.ts";
import { exactlyOne, withRules } from "./rule.ts";
import { headerName, percent, port, positiveDuration } from "./scalar.ts";

const text = z.string().max(4096);
const path = z.string().min(1).max(1024);
const host = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[a-zA-Z0-9]([-a-zA-Z0-9.]*[a-zA-Z0-9])?$/, "must be a host name");
const status = z.int().min(200).max(599);

const header = z.strictObject({ name: withRules(headerName, [rules.editableHeader]), value: text });
const edits = z.strictObject({
  set: z.array(header).min(1).max(16).optional().describe("Put in the place of what is there."),
  add: z.array(header).min(1).max(16).optional().describe("Put beside what is there."),
  remove: z
    .array(withRules(headerName, [rules.editableHeader]))
    .min(1)
    .max(16)
    .optional(),
});

/** Values are taken as they are: nothing in them is expanded. */
export const headers = z.strictObject({
  request: edits.optional().describe("Before the request is sent on."),
  response: edits.optional().describe("Before the answer is given back."),
});

export const rewrite = withRules(
  z.strictObject({
    prefix: withRules(path, [rules.absoluteText])
      .optional()
      .describe("Put in the place of the prefix that matched; every match of the route must have one."),
    regex: withRules(
      z.strictObject({
        pattern: path.describe("RE2 syntax; the first part of the path that matches is replaced."),
        substitution: z.string().max(1024).describe("\\1 to \\9 stand for what the pattern's groups matched."),
      }),
      [rules.pattern],
    ).optional(),
    host: host.optional().describe("The host that the receiver sees."),
  }),
  rules.rewrite,
);

export const redirect = withRules(
  z.strictObject({
    scheme: z.enum(["http", "https"]).optional(),
    host: host.optional(),
    port: port.optional(),
    path: withRules(path, [rules.absoluteText]).optional().describe("The whole path; the query stays."),
    prefix: withRules(path, [rules.absoluteText])
      .optional()
      .describe("Put in the place of the prefix that matched; every match of the route must have one."),
    status: z.literal([301, 302, 303, 307, 308]).default(302),
  }),
  rules.redirect,
);

export const directResponse = z.strictObject({
  status: status.describe("What the sidecar answers by itself; nothing is sent on."),
  body: text.optional(),
});

const origin = withRules(
  z.strictObject({
    exact: z.string().min(1).max(253).optional().describe("Such as https://shop.example; * is any."),
    prefix: z.string().min(1).max(253).optional(),
    suffix: z.string().min(1).max(253).optional(),
    regex: z.string().min(1).max(1024).optional().describe("RE2 syntax; the whole origin must match."),
  }),
  [exactlyOne(["exact", "prefix", "suffix", "regex"]), rules.regex],
);

export const cors = withRules(
  z.strictObject({
    allowOrigins: z.array(origin).min(1).max(16).describe("Pages that may call, one of which must match."),
    allowMethods: z.array(z.enum(METHODS)).min(1).max(9).optional(),
    allowHeaders: z.array(headerName).min(1).max(32).optional(),
    exposeHeaders: z.array(headerName).min(1).max(32).optional(),
    maxAge: duration.optional().describe("How long a browser may remember the answer."),
    allowCredentials: z.boolean().optional(),
  }),
  [rules.credentials],
);

export const fault = withRules(
  z.strictObject({
    delay: withRules(
      z.strictObject({
        fixed: positiveDuration.optional().describe("How long a request is held back."),
        header: z
          .literal(true)
          .optional()
          .describe(
            "As long as the request's x-envoy-fault-delay-request says, in milliseconds; others are not held back.",
          ),
        percent: percent.default(100).describe("Share of the requests."),
      }),
      [exactlyOne(["fixed", "header"])],
    ).optional(),
    abort: withRules(
      z.strictObject({
        status: status.optional().describe("What is answered instead of sending the request on."),
        header: z
          .literal(true)
          .optional()
          .describe("The status that the request's x-envoy-fault-abort-request asks for; others are sent on."),
        percent: percent.default(100).describe("Share of the requests."),
      }),
      [exactlyOne(["status", "header"])],
    ).optional(),
  }),
  [rules.someFault],
);

export type HeaderEdits = z.output<typeof edits>;
export type Rewrite = z.output<typeof rewrite>;
export type Redirect = z.output<typeof redirect>;
export type DirectResponse = z.output<typeof directResponse>;
export type Cors = z.output<typeof cors>;
export type Fault = z.output<typeof fault>;
