/** Small schemas that many fields share. */
import { z } from "zod";
import { duration } from "./duration.ts";
import * as rules from "./policy-rules.ts";
import { withRules } from "./rule.ts";

export const headerName = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/, "must be an HTTP header name");
export const port = z.int().min(1).max(65535);
export const percent = z.number().min(0).max(100);
export const count = z.int().min(0).max(4_294_967_295);
export const positiveCount = z.int().min(1).max(4_294_967_295);
export const positiveDuration = withRules(duration, [rules.positive]);
export const cookieName = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/, "must be a cookie name");
export const serviceName = z
  .string()
  .min(1)
  .max(127)
  .regex(
    /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)?$/,
    "must be the name of a Service, or name.namespace",
  );
export const cookiePath = z
  .string()
  .min(1)
  .max(1024)
  .regex(/^\/[!-:<-~]*$/, "must be a path without blanks and semicolons");
