/** The policy that a user would apply, and what it would be with other weights or without one of its parts. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { variant } from "../harness/policy-file.ts";
import { collaborativeEditing, POLICY } from "./system.ts";

const read = (file: string): string => readFileSync(join(collaborativeEditing.manifests, file), "utf8");

export const policy = read(POLICY);

/** @param percent of the documents that are to be edited with v2 */
export function rollOut(percent: number): string {
  return variant(policy, [
    [["spec", "routes", 0, "split", 0, "weight"], 100 - percent],
    [["spec", "routes", 0, "split", 1, "weight"], percent],
  ]);
}

/** Half of the sessions to v2, whatever their document. */
export const bySession = variant(rollOut(50), [[["spec", "routes", 0, "sticky"], undefined]]);

/** The fourth server, ready. */
export const joined = variant(read("documents-4.yaml"), [[["status", "conditions"], undefined]]);
