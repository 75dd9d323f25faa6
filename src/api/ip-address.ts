import { isIP, isIPv4 } from "node:net";
import { z } from "zod";

export type IpFamily = "IPv4" | "IPv6";

/** The family of an address that `ipAddress` accepted. */
export function familyOf(address: string): IpFamily {
  return isIPv4(address) ? "IPv4" : "IPv6";
}

/** An IPv4 or IPv6 address without zone and brackets. */
export const ipAddress = z
  .string()
  .max(45)
  .refine((text) => isIP(text) !== 0 && !text.includes("%"), "must be an IP address such as 10.0.0.7");
