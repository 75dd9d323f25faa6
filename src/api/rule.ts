/**
 * Cross-field rules, each written once as code and once as CEL: files and the cluster refuse the same things with the same
 * words.
 */
import type { z } from "zod";
import type { DiagnosticCode } from "../base/diagnostic-codes.ts";
import type { FieldPath } from "../base/field-path.ts";

/** A place where a rule does not hold; `detail` is added to the rule's message. */
export interface Breach {
  readonly path: FieldPath;
  readonly detail?: string;
}

export interface Rule<T> {
  readonly code: DiagnosticCode;
  /** What must be, in words; the same in the CRD. */
  readonly message: string;
  /** The same for kube-apiserver; absent where CEL cannot tell, so that only the control plane finds it. */
  readonly cel?: string;
  readonly check: (value: T) => readonly Breach[];
}

/** The schema with rules: enforced when it parses, and carried as `x-kubernetes-validations` for the CRD. */
export function withRules<S extends z.ZodType>(schema: S, rules: readonly Rule<z.output<S>>[]): S {
  const checked = schema.superRefine((value, context) => {
    for (const rule of rules) {
      for (const { path, detail } of rule.check(value)) {
        const message = detail === undefined ? rule.message : `${rule.message}; ${detail}`;
        context.addIssue({ code: "custom", path: [...path], message, params: { code: rule.code } });
      }
    }
  });
  const validations = rules.flatMap((r) => (r.cel === undefined ? [] : [{ rule: r.cel, message: r.message }]));
  return validations.length === 0
    ? checked
    : checked.meta({ ...schema.meta(), "x-kubernetes-validations": validations });
}

/** Exactly one of the fields is given. */
export function exactlyOne<K extends string>(keys: readonly K[]): Rule<{ readonly [P in K]?: unknown }> {
  return {
    code: "HED1201",
    message: `must have exactly one of ${keys.join(", ")}`,
    cel: `[${keys.map((key) => `has(self.${key})`).join(", ")}].exists_one(given, given)`,
    check(value) {
      const given = keys.filter((key) => value[key] !== undefined);
      if (given.length === 1) return [];
      return [{ path: [], detail: given.length === 0 ? "there is none" : `there are ${given.join(" and ")}` }];
    },
  };
}

/** No two entries have the same key; entries without one do not count. Each repeated entry is a breach at `at(index)`. */
export function repeated<T>(items: readonly T[], keyOf: (item: T) => string | undefined): readonly number[] {
  const seen = new Set<string>();
  return items.flatMap((item, index) => {
    const key = keyOf(item);
    if (key === undefined) return [];
    if (seen.has(key)) return [index];
    seen.add(key);
    return [];
  });
}
