/** Turns the rules of a field into a check: protoc-gen-validate as Envoy's own C++ build of it understands them. */
import { type DescEnum, type DescField, type DescMessage, getOption, isMessage } from "@bufbuild/protobuf";
import { type Any, AnySchema, type Duration, DurationSchema, isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { HeddleError } from "../base/errors.ts";
import { type DurationRules, type FieldRules, rules as rulesOption } from "../gen/validate/validate_pb.ts";
import { type Check, hasFields } from "./validate-findings.ts";
import { given, rangeCheck, scalarCheck } from "./validate-scalar.ts";

/** The check of everything inside a message, or undefined where nothing can be wrong in it. */
export type Descend = (message: DescMessage) => Check | undefined;

/** The check of one field of a message; undefined where it cannot be wrong. */
export function fieldCheck(field: DescField, descend: Descend): Check | undefined {
  const rules = getOption(field, rulesOption);
  switch (field.fieldKind) {
    case "list":
      return listCheck(rules, { enum: field.enum, message: field.message }, descend);
    case "map":
      return mapCheck(rules, { enum: field.enum, message: field.message }, descend);
    default: {
      const required = isRequired(rules);
      const check = elementCheck(rules, { enum: field.enum, message: field.message }, descend);
      if (!check && !required) return undefined;
      return (value, found) => {
        if (value !== undefined) check?.(value, found);
        else if (required) found.add("is required");
      };
    }
  }
}

/** What a field, list item or map value is, beside a scalar. */
interface Element {
  readonly enum: DescEnum | undefined;
  readonly message: DescMessage | undefined;
}

function isRequired({ message, type }: FieldRules): boolean {
  if (message && given(message, ["required", "skip"]).required) return true;
  return (type.case === "any" || type.case === "duration") && type.value.required;
}

function elementCheck(rules: FieldRules, element: Element, descend: Descend): Check | undefined {
  const inside = element.message && !rules.message?.skip ? descend(element.message) : undefined;
  return both(ruleCheck(rules, element), inside);
}

function ruleCheck({ type }: FieldRules, element: Element): Check | undefined {
  switch (type.case) {
    case "repeated":
    case "map":
    case "timestamp":
      throw new HeddleError("XDS_RULE", `the validation rule validate.FieldRules.${type.case} is not supported here`);
    case "any": {
      const { in: among = [] } = given(type.value, ["required", "in"]);
      if (among.length === 0) return undefined;
      return (value, found) => {
        if (isMessage(value, AnySchema) && !among.includes(value.typeUrl)) {
          found.add(`must hold one of ${among.join(", ")}`);
        }
      };
    }
    case "duration": {
      return durationCheck(given(type.value, ["required", "lt", "lte", "gt", "gte"]));
    }
    default: {
      const check = scalarCheck(type, element.enum);
      return check && element.message && isWrapperDesc(element.message) ? unwrapping(check) : check;
    }
  }
}

/** A wrapper message stands as its bare value in most fields, and as a message in a oneof. */
function unwrapping(check: Check): Check {
  return (value, found) => check(hasFields(value) && "$typeName" in value ? value["value"] : value, found);
}

function durationCheck({ lt, lte, gt, gte }: Partial<DurationRules>): Check {
  const [below, atMost, above, atLeast] = [lt, lte, gt, gte].map((limit) => limit && nanos(limit));
  const bounds = { lt: below, lte: atMost, gt: above, gte: atLeast };
  const range = rangeCheck(bounds, (limit) => `${Number(limit) / 1e9}s`);
  return (value, found) => {
    if (isMessage(value, DurationSchema)) range(nanos(value), found.add);
  };
}

function nanos(duration: Duration): bigint {
  return duration.seconds * 1_000_000_000n + BigInt(duration.nanos);
}

function listCheck(rules: FieldRules, element: Element, descend: Descend): Check | undefined {
  if (rules.type.case !== undefined && rules.type.case !== "repeated") throw misplaced(rules);
  const all = rules.type.case === "repeated" ? rules.type.value : undefined;
  const own = all ? given(all, ["minItems", "maxItems", "unique", "items", "ignoreEmpty"]) : {};
  const { minItems = 0n, maxItems, unique, ignoreEmpty } = own;
  const check = own.items ? elementCheck(own.items, element, descend) : element.message && descend(element.message);
  if (!check && !all) return undefined;
  return (value, found) => {
    if (!Array.isArray(value) || (ignoreEmpty && value.length === 0)) return;
    const items: readonly unknown[] = value;
    countCheck(items.length, minItems, maxItems, found.add);
    if (unique && new Set(items).size < items.length) found.add("must not hold the same value twice");
    if (check) {
      for (const [index, item] of items.entries()) {
        found.enter(index);
        check(item, found);
        found.leave();
      }
    }
  };
}

function mapCheck(rules: FieldRules, element: Element, descend: Descend): Check | undefined {
  if (rules.type.case !== undefined && rules.type.case !== "map") throw misplaced(rules);
  const all = rules.type.case === "map" ? rules.type.value : undefined;
  const own = all ? given(all, ["minPairs", "keys", "values"]) : {};
  const keyCheck = own.keys && elementCheck(own.keys, { enum: undefined, message: undefined }, descend);
  const check = own.values ? elementCheck(own.values, element, descend) : element.message && descend(element.message);
  if (!check && !all) return undefined;
  return (value, found) => {
    if (!hasFields(value)) return;
    const entries = Object.entries(value);
    countCheck(entries.length, own.minPairs ?? 0n, undefined, found.add);
    for (const [key, item] of entries) {
      found.enter(key);
      keyCheck?.(key, found);
      check?.(item, found);
      found.leave();
    }
  };
}

function countCheck(count: number, min: bigint, max: bigint | undefined, add: (message: string) => void): void {
  if (count < min) add(count === 0 && min === 1n ? "must not be empty" : `must hold at least ${min}`);
  if (max !== undefined && count > max) add(`must hold at most ${max}`);
}

function misplaced({ type }: FieldRules): HeddleError {
  return new HeddleError("XDS_RULE", `the validation rule validate.FieldRules.${type.case} is not supported here`);
}

function both(first: Check | undefined, second: Check | undefined): Check | undefined {
  if (!first || !second) return first ?? second;
  return (value, found) => {
    first(value, found);
    second(value, found);
  };
}

/** The type that an Any names, e.g. `envoy.config.cluster.v3.Cluster`. */
export function typeNameOf({ typeUrl }: Pick<Any, "typeUrl">): string {
  return typeUrl.slice(typeUrl.lastIndexOf("/") + 1);
}
