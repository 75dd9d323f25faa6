/** The status of one policy, as a function of what is known of it. */
import { type Diagnostic, formatFinding } from "../base/diagnostic.ts";
import { type Condition, type Judgement, no, yes } from "./condition.ts";
import { MAX_SAMPLES, type Rejection, type ReplicaReport } from "./report.ts";

export interface ProxyCounts {
  /** Sidecars that the policy concerns. */
  readonly matched: number;
  /** Of these, those that run the policy's generation; those that do not yet; those that refuse it. */
  readonly synced: number;
  readonly stale: number;
  readonly rejected: number;
}

/** What Heddle says of a policy, as `kubectl get tp -o yaml` shows it. */
export interface PolicyStatus {
  readonly observedGeneration: number;
  readonly conditions: readonly Condition[];
  readonly proxies: ProxyCounts & {
    /** `118/120`, for the table of `kubectl get`. */
    readonly summary: string;
  };
  readonly rejections: readonly Rejection[];
}

export interface PolicyFacts {
  readonly generation: number;
  /** The policy is in force for a Service at least. */
  readonly inForce: boolean;
  /** What is wrong with it now. */
  readonly diagnostics: readonly Diagnostic[];
  readonly proxies: ProxyCounts;
  readonly samples: readonly Rejection[];
}

/** Why a policy is not taken, by diagnostic. */
const NOT_ACCEPTED: Readonly<Record<string, string>> = { HED1301: "Conflicted", HED1302: "TargetNotFound" };
/** References that lead nowhere, by diagnostic. */
const UNRESOLVED: Readonly<Record<string, string>> = {
  HED1302: "ServiceNotFound",
  HED1303: "EmptySubset",
  HED1304: "ServiceNotFound",
  HED1305: "PortNotFound",
  HED1306: "SubsetNotFound",
};

/** Most remarks that a condition repeats; `heddle describe` shows all. */
const MAX_REMARKS = 8;

export function judgePolicy(facts: PolicyFacts): readonly Judgement[] {
  return [accepted(facts), resolvedRefs(facts), programmed(facts)];
}

function accepted({ generation, diagnostics, inForce }: PolicyFacts): Judgement {
  const invalid = diagnostics.filter(({ code }) => /^HED1[012]/.test(code));
  if (invalid.length > 0) return no("Accepted", generation, "Invalid", wordsOf(invalid));
  const refused = diagnostics.filter(({ code }) => code in NOT_ACCEPTED);
  const [first] = refused;
  // One target of several may be taken by an older policy, or be missing: the policy is in force for the others, and says so.
  if (!first || inForce) {
    const words = [first ? wordsOf(refused) : "The policy is in force.", ...remarksOf(diagnostics)];
    return yes("Accepted", generation, "Accepted", words.join(" "));
  }
  return no("Accepted", generation, NOT_ACCEPTED[first.code]!, wordsOf(refused));
}

function resolvedRefs({ generation, diagnostics }: PolicyFacts): Judgement {
  const unresolved = diagnostics.filter(({ code }) => code in UNRESOLVED);
  const [first] = unresolved;
  if (!first) return yes("ResolvedRefs", generation, "ResolvedRefs", "Everything that the policy names exists.");
  return no("ResolvedRefs", generation, UNRESOLVED[first.code]!, wordsOf(unresolved));
}

function programmed(facts: PolicyFacts): Judgement {
  const { generation, inForce, proxies, samples, diagnostics } = facts;
  const { matched, synced, stale, rejected } = proxies;
  if (!inForce) return no("Programmed", generation, "NotAccepted", "The policy is in force for no Service.");
  const left = diagnostics.filter(({ code, level }) => code.startsWith("HED2") && level === "error");
  if (left.length > 0) return no("Programmed", generation, "Quarantined", wordsOf(left));
  const [sample] = samples;
  const why = sample ? `: ${sample.proxy} says: ${sample.reason}` : "";
  if (rejected > 0 && rejected === matched) {
    return no(
      "Programmed",
      generation,
      "Quarantined",
      `All ${matched} sidecars refuse it and run what they ran before${why}`,
    );
  }
  if (rejected > 0) {
    const message = `${rejected} of ${matched} sidecars refuse it and run what they ran before${why}`;
    return no("Programmed", generation, "PartiallyProgrammed", message);
  }
  if (stale > 0) {
    return no("Programmed", generation, "Reconciling", `${synced} of ${matched} sidecars run this generation.`);
  }
  const message = matched === 0 ? "No sidecar is concerned." : `All ${matched} sidecars run this generation.`;
  return yes("Programmed", generation, "Programmed", message);
}

/** What is in force and will hardly do what was meant. Other conditions speak of the rest. */
function remarksOf(diagnostics: readonly Diagnostic[]): readonly string[] {
  const remarks = diagnostics.filter(
    ({ code }) => code.startsWith("HED13") && !(code in NOT_ACCEPTED) && !(code in UNRESOLVED),
  );
  if (remarks.length === 0) return [];
  const more = remarks.length > MAX_REMARKS ? `; and ${remarks.length - MAX_REMARKS} more` : "";
  return [`But ${wordsOf(remarks.slice(0, MAX_REMARKS))}${more}`];
}

function wordsOf(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.map(formatFinding).join("; ");
}

/**
 * The sidecars of a policy over all replicas. A replica that has not seen the generation yet knows no sidecar that runs it.
 *
 * @param expected sidecars that should be connected to some replica
 */
export function countProxies(
  policy: { readonly key: string; readonly generation: number; readonly inForce: boolean },
  reports: Iterable<ReplicaReport>,
  expected: number,
): { readonly proxies: ProxyCounts; readonly samples: readonly Rejection[] } {
  let connected = 0;
  let synced = 0;
  let rejected = 0;
  const samples: Rejection[] = [];
  for (const report of reports) {
    connected += report.connected;
    const own = report.policies.get(policy.key);
    if (own?.generation !== policy.generation) continue;
    synced += own.synced;
    rejected += own.rejected;
    samples.push(...own.samples);
  }
  const matched = policy.inForce ? Math.max(expected, connected) : 0;
  if (matched === 0) return { proxies: { matched: 0, synced: 0, stale: 0, rejected: 0 }, samples: [] };
  const stale = Math.max(0, matched - synced - rejected);
  return { proxies: { matched, synced, stale, rejected }, samples: samples.slice(0, MAX_SAMPLES) };
}
