/** The policies that a user would apply, and versions of them that the demonstration saves over the files. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { variant } from "../harness/policy-file.ts";
import { type POLICY_FILES, rideSharing } from "./system.ts";

/** The text of a policy's file. */
export function policyOf(file: (typeof POLICY_FILES)[number]): string {
  return readFileSync(join(rideSharing.manifests, file), "utf8");
}

/** The pricing policy with `percent` of everybody outside Lisbon at version 2. */
export function canary(percent: number): string {
  const everybody = ["spec", "routes", 1, "split"] as const;
  return variant(policyOf("pricing-policy.yaml"), [
    [[...everybody, 0, "weight"], 100 - percent],
    [[...everybody, 1, "weight"], percent],
  ]);
}

/** The location policy with another number of tries, as a change that concerns the very service that drivers are connected to. */
export function tries(attempts: number): string {
  return variant(policyOf("location-policy.yaml"), [[["spec", "routes", 0, "retries", "attempts"], attempts]]);
}
