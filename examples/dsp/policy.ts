/** The policy that a user would apply, and what it would be without one of its parts. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { NO_POLICY, variant } from "../harness/policy-file.ts";
import { dsp, POLICY } from "./system.ts";

export const POLICIES = {
  none: NO_POLICY,
  whole: readFileSync(join(dsp.manifests, POLICY), "utf8"),
} as const;

export const withoutBudget = variant(POLICIES.whole, [[["spec", "circuitBreaker", "retryBudget"], undefined]]);

/** Bidders in turn, whatever they have to do; otherwise the same. */
export const roundRobin = variant(POLICIES.whole, [[["spec", "loadBalancing", "policy"], "RoundRobin"]]);
