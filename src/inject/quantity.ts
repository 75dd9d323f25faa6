/** Amounts of CPU and memory as Kubernetes writes them. */
import { z } from "zod";

const FACTORS: Readonly<Record<string, number>> = {
  m: 1e-3,
  k: 1e3,
  Ki: 2 ** 10,
  M: 1e6,
  Mi: 2 ** 20,
  G: 1e9,
  Gi: 2 ** 30,
};

/** Such as `100m`, `0.5`, `64Mi`. */
export const quantity = z
  .string()
  .regex(/^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi)?$/, "must be a quantity such as 100m or 64Mi");

/** In cores or bytes. */
function amountOf(text: string): number {
  const [, number, unit = ""] = /^([0-9.]+)([A-Za-z]*)$/.exec(text) ?? [];
  return Number(number) * (FACTORS[unit] ?? 1);
}

/** Kubernetes refuses a container that asks for more than it may have. */
export function exceeds(request: string | undefined, limit: string | undefined): boolean {
  return request !== undefined && limit !== undefined && amountOf(request) > amountOf(limit);
}
