import { z } from "zod";
import { API_VERSIONS } from "../api/parse-object.ts";
import { apply } from "../kube/apply.ts";
import type { KubeClient } from "../kube/client.ts";
import { type Condition, conditionSchema, withTransitions } from "./condition.ts";
import type { PolicyStatus } from "./policy-status.ts";
import type { WantedPolicy } from "./wanted.ts";

const MANAGER = "heddle-status";

const shown = z.object({ status: z.object({ conditions: z.array(conditionSchema) }) });

/** The conditions of a policy as the API server has it. */
export function conditionsOf(object: unknown): readonly Condition[] {
  const parsed = shown.safeParse(object);
  return parsed.success ? parsed.data.status.conditions : [];
}

/** @param before the conditions that the policy has now */
export function policyStatus(
  { generation, judgements, proxies, rejections }: WantedPolicy,
  before: readonly Condition[],
  now: string,
): PolicyStatus {
  return {
    observedGeneration: generation,
    conditions: withTransitions(judgements, before, now),
    proxies: { ...proxies, summary: `${proxies.synced}/${proxies.matched}` },
    rejections,
  };
}

/** @throws KubeError */
export async function writePolicy(
  client: KubeClient,
  { ref: { name, namespace } }: WantedPolicy,
  status: PolicyStatus,
  signal: AbortSignal,
): Promise<void> {
  const object = {
    apiVersion: API_VERSIONS.TrafficPolicy,
    kind: "TrafficPolicy",
    metadata: { name, namespace },
    status,
  };
  await apply(client, object, { resource: "trafficpolicies", subresource: "status", manager: MANAGER, signal });
}
