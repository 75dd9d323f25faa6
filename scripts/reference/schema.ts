/** The schemas of specs as the CRDs have them, and its fields one by one. */
import { externalServiceCrd, trafficPolicyCrd } from "../../src/api/crd.ts";

export interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly "x-kubernetes-validations"?: readonly { readonly message: string }[];
}

interface Crd {
  readonly spec: { readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Schema } }[] };
}

/** As `src/api/duration.ts` has it. */
const DURATION = "^([0-9]{1,5}(h|m|s|ms)){1,4}$";

export function specSchema(): Schema {
  return specOf(trafficPolicyCrd());
}

export function externalSchema(): Schema {
  return specOf(externalServiceCrd());
}

function specOf(crd: object): Schema {
  const { spec } = crd as Crd;
  return spec.versions[0]!.schema.openAPIV3Schema.properties!["spec"]!;
}

export function isDuration({ pattern }: Schema): boolean {
  return pattern === DURATION;
}

export function isNumber({ type }: Schema): boolean {
  return type === "integer" || type === "number";
}

export interface Leaf {
  /** From the spec, with `[]` behind each list: `routes[].retries.conditions[]`. */
  readonly path: string;
  /** Of a list of plain values that of one value. */
  readonly schema: Schema;
  readonly required: boolean;
}

/** All fields that hold a value and no other fields. */
export function leavesOf(schema: Schema, path = "", required = false): readonly Leaf[] {
  if (schema.items) return leavesOf(schema.items, `${path}[]`, required);
  const properties = Object.entries(schema.properties ?? {});
  if (properties.length === 0) return [{ path, schema, required }];
  return properties.flatMap(([name, field]) =>
    leavesOf(field, path === "" ? name : `${path}.${name}`, schema.required?.includes(name) ?? false),
  );
}
