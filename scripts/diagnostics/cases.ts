import type { MistakeCase } from "./case.ts";
import { EXTERNAL_CASES } from "./external-cases.ts";
import { GATEWAY_CASES } from "./gateway-cases.ts";
import { MESH_CASES } from "./mesh-cases.ts";
import { ROUTE_CASES } from "./route-cases.ts";
import { RULE_CASES } from "./rule-cases.ts";
import { SIDECAR_CASES } from "./sidecar-cases.ts";

/** One for each code that a manifest can be shown for. */
export const MISTAKE_CASES: readonly MistakeCase[] = [
  ...RULE_CASES,
  ...EXTERNAL_CASES,
  ...ROUTE_CASES,
  ...MESH_CASES,
  ...GATEWAY_CASES,
  ...SIDECAR_CASES,
];
