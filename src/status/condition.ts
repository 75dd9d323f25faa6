/** Conditions as Kubernetes has them (`metav1.Condition`). */
import { z } from "zod";

export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  /** CamelCase, for programs. */
  readonly reason: string;
  /** For people. */
  readonly message: string;
  readonly observedGeneration: number;
  /** RFC 3339. */
  readonly lastTransitionTime: string;
}

export const conditionSchema: z.ZodType<Condition> = z.object({
  type: z.string(),
  status: z.enum(["True", "False", "Unknown"]),
  reason: z.string(),
  message: z.string(),
  observedGeneration: z.int().default(0),
  lastTransitionTime: z.string(),
});

/** A condition but for the time of its last transition, which the one before it decides. */
export type Judgement = Omit<Condition, "lastTransitionTime">;

/** Bytes that the CRD allows for a message, with room for the cut. */
const MAX_MESSAGE = 4096;

/** Conditions with their times: the time moves only when the status does. */
export function withTransitions(
  judgements: readonly Judgement[],
  before: readonly Condition[],
  now: string,
): readonly Condition[] {
  return judgements.map((judgement) => {
    const last = before.find(({ type }) => type === judgement.type);
    const lastTransitionTime = last?.status === judgement.status ? last.lastTransitionTime : now;
    return { ...judgement, message: cut(judgement.message), lastTransitionTime };
  });
}

export function yes(type: string, observedGeneration: number, reason: string, message: string): Judgement {
  return { type, status: "True", reason, message, observedGeneration };
}

export function no(type: string, observedGeneration: number, reason: string, message: string): Judgement {
  return { type, status: "False", reason, message, observedGeneration };
}

function cut(message: string): string {
  return message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE)} …`;
}
