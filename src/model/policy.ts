/** Policies as the mesh sees them. */
import { refOf } from "../api/parse-object.ts";
import type { TrafficPolicyObject } from "../api/traffic-policy.ts";
import type { Policy } from "./snapshot.ts";

export function policyOf(object: TrafficPolicyObject): Policy {
  const { name, namespace, createdAt, generation } = object.meta;
  return { ref: refOf(object), key: `${namespace}/${name}`, namespace, name, createdAt, generation, spec: object.spec };
}
