/** The policy that a user would apply, and what it would be without one of its parts. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { NO_POLICY, variant } from "../harness/policy-file.ts";
import { dsp, POLICY } from "./system.ts";

export const POLICIES = {
  none: NO_POLICY,
  whole: readFileSync(join(dsp.manifests, POLICY), "utf8"),
} as const;

/** Waits for every bid and leaves out nobody: what is left is how bids are spread, and how many there are at once. */
export const patient = variant(POLICIES.whole, [
  [["spec", "routes", 0, "timeout"], undefined],
  [["spec", "routes", 0, "retries", "perTryTimeout"], undefined],
  [["spec", "outlierDetection"], undefined],
  [["spec", "healthCheck"], undefined],
]);

/** Tries every failed bid again; otherwise the same. */
export const patientWithoutBudget = variant(patient, [[["spec", "circuitBreaker", "retryBudget"], undefined]]);

/** Bidders in turn, whatever they have to do; otherwise the same. */
export const patientInTurn = variant(patient, [[["spec", "loadBalancing", "policy"], "RoundRobin"]]);
