/** What a route of the Gateway API says of each of its parents, as a function of what became of it. */
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { ParentRef } from "../api/gateway-reference.ts";
import { type Diagnostic, formatFinding } from "../base/diagnostic.ts";
import type { GatewayParent } from "../model/snapshot.ts";
import { conditionSchema, type Judgement, no, withTransitions, yes } from "./condition.ts";

/** How Heddle names itself in the status of objects that several controllers share. */
export const CONTROLLER_NAME = "heddle.dev/control-plane";

export interface JudgedParent {
  readonly parentRef: ParentRef;
  readonly judgements: readonly Judgement[];
}

/** Why a route decides nothing for a parent, by diagnostic; the words are the Gateway API's. */
const NOT_ACCEPTED: Readonly<Record<string, string>> = {
  HED1335: "NoMatchingParent",
  HED1336: "NoMatchingParent",
  HED1337: "Conflicted",
};
const UNRESOLVED: Readonly<Record<string, string>> = {
  HED1338: "BackendNotFound",
  HED1339: "RefNotPermitted",
  HED1340: "InvalidKind",
};
const UNSUPPORTED = "HED1341";

export function judgeParent(generation: number, parent: GatewayParent): JudgedParent {
  const judgements = [accepted(generation, parent), resolvedRefs(generation, parent), ...partly(generation, parent)];
  return { parentRef: parent.parentRef, judgements };
}

function accepted(generation: number, { inForce, supported, findings }: GatewayParent): Judgement {
  const refused = findings.filter(({ code }) => code in NOT_ACCEPTED);
  const [first] = refused;
  if (first && !inForce) return no("Accepted", generation, NOT_ACCEPTED[first.code]!, wordsOf(refused));
  if (supported === "none") {
    const unsupported = findings.filter(({ code }) => code === UNSUPPORTED);
    return no("Accepted", generation, "UnsupportedValue", wordsOf(unsupported));
  }
  const remarks = findings.filter(({ code }) => code in NOT_ACCEPTED || code === "HED1342");
  const message = remarks.length > 0 ? wordsOf(remarks) : "The route is in force.";
  return yes("Accepted", generation, "Accepted", message);
}

function resolvedRefs(generation: number, { findings }: GatewayParent): Judgement {
  const unresolved = findings.filter(({ code }) => code in UNRESOLVED);
  const [first] = unresolved;
  if (!first) return yes("ResolvedRefs", generation, "ResolvedRefs", "All backends exist.");
  return no("ResolvedRefs", generation, UNRESOLVED[first.code]!, wordsOf(unresolved));
}

/** There only where it is true, as the Gateway API has it. */
function partly(generation: number, { supported, findings }: GatewayParent): readonly Judgement[] {
  if (supported !== "some") return [];
  const unsupported = findings.filter(({ code }) => code === UNSUPPORTED);
  const message = `Rules with parts that are not supported answer 500: ${wordsOf(unsupported)}`;
  return [yes("PartiallyInvalid", generation, "UnsupportedValue", message)];
}

function wordsOf(findings: readonly Diagnostic[]): string {
  return findings.map(formatFinding).join("; ");
}

const entry = z.looseObject({
  controllerName: z.string(),
  parentRef: z.looseObject({}),
  conditions: z.array(conditionSchema).default([]).catch([]),
});

type Entry = z.output<typeof entry>;

/** Entries of `status.parents`; those that are none of Heddle's may be of any form. */
const shown = z.object({ status: z.object({ parents: z.array(z.unknown()) }) });

/** `status.parents` of an object, as it is. */
export function parentsOf(object: unknown): readonly unknown[] {
  const parsed = shown.safeParse(object);
  return parsed.success ? parsed.data.status.parents : [];
}

export function isOwn(parent: unknown): parent is Entry {
  const parsed = entry.safeParse(parent);
  return parsed.success && parsed.data.controllerName === CONTROLLER_NAME;
}

/** `status.parents` with Heddle's entries as they are to be, and those of others as they are. */
export function mergedParents(
  current: readonly unknown[],
  judged: readonly JudgedParent[],
  now: string,
): readonly unknown[] {
  const own = current.flatMap((parent) => (isOwn(parent) ? [entry.parse(parent)] : []));
  const next = judged.map(({ parentRef, judgements }) => {
    const before = own.find((known) => isDeepStrictEqual(known.parentRef, parentRef))?.conditions ?? [];
    return { parentRef, controllerName: CONTROLLER_NAME, conditions: withTransitions(judgements, before, now) };
  });
  return [...current.filter((parent) => !isOwn(parent)), ...next];
}
