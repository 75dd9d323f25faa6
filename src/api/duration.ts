import { z } from "zod";

const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** GEP-2257: one to four parts of up to five digits, each with a unit of h, m, s or ms. */
const PATTERN = /^([0-9]{1,5}(h|m|s|ms)){1,4}$/;

/** Milliseconds of a GEP-2257 duration such as `1h30m` or `250ms`, or undefined when it is not one. */
export function parseDuration(text: string): number | undefined {
  if (!PATTERN.test(text)) return undefined;
  let total = 0;
  for (const [, digits, unit] of text.matchAll(/([0-9]+)(ms|h|m|s)/g)) total += Number(digits) * UNIT_MS[unit!]!;
  return total;
}

/** A duration field: a GEP-2257 string in manifests, milliseconds in the model. */
export const duration = z
  .string()
  .max(24)
  .regex(PATTERN, "must be a duration such as 250ms, 2s or 1h30m")
  .transform((text) => parseDuration(text)!);
