/** Rules of protoc-gen-validate for values that have no fields: numbers, strings, bytes, booleans and enums. */
import type { DescEnum, Message } from "@bufbuild/protobuf";
import { HeddleError } from "../base/errors.ts";
import { type FieldRules, KnownRegex, type StringRules } from "../gen/validate/validate_pb.ts";
import type { Check } from "./validate-findings.ts";

/**
 * The rules that are given, by name. Those that are not stand on the prototype with their default, so a copy leaves
 * them out. Every rule that is given must be in `known`: a new version of the protos must not lose one silently.
 */
export function given<Rules extends Message>(rules: Rules, known: readonly (keyof Rules & string)[]): Partial<Rules> {
  for (const [name, value] of Object.entries(rules)) {
    const empty = Array.isArray(value) ? value.length === 0 : isEmptyOneof(value);
    if (!empty && !name.startsWith("$") && !known.some((key) => key === name)) {
      throw new HeddleError("XDS_RULE", `the validation rule ${rules.$typeName}.${name} is not supported`);
    }
  }
  return { ...rules };
}

function isEmptyOneof(value: unknown): boolean {
  return typeof value === "object" && value !== null && "case" in value && value.case === undefined;
}

type ScalarRules = Exclude<FieldRules["type"], { case: "repeated" | "map" | "any" | "duration" | "timestamp" }>;

/** The check of a scalar or enum, or undefined where `rules` hold none. */
export function scalarCheck(rules: ScalarRules, enumeration: DescEnum | undefined): Check | undefined {
  switch (rules.case) {
    case undefined:
      return undefined;
    case "bool": {
      const { const: only } = given(rules.value, ["const"]);
      return (value, found) => void (value !== only && found.add(`must be ${only}`));
    }
    case "string":
      return stringCheck(rules.value);
    case "bytes": {
      const { minLen = 0n, maxLen } = given(rules.value, ["minLen", "maxLen"]);
      return (value, found) => {
        if (value instanceof Uint8Array) lengthCheck(value.length, "bytes", minLen, maxLen, found.add);
      };
    }
    case "enum": {
      const { definedOnly, in: among = [], notIn = [] } = given(rules.value, ["definedOnly", "in", "notIn"]);
      const defined = definedOnly ? enumeration?.values.map(({ number }) => number) : undefined;
      return (value, found) => {
        if (typeof value !== "number") return;
        if (defined && !defined.includes(value)) found.add(`${value} is no value of ${enumeration?.name}`);
        else memberCheck(value, among, notIn, found.add);
      };
    }
    default:
      return numberCheck(given<Message & NumberRules>(rules.value, NUMBER_RULES));
  }
}

interface NumberRules {
  readonly const?: number | bigint;
  readonly lt?: number | bigint;
  readonly lte?: number | bigint;
  readonly gt?: number | bigint;
  readonly gte?: number | bigint;
  readonly in?: readonly (number | bigint)[];
  readonly notIn?: readonly (number | bigint)[];
  readonly ignoreEmpty?: boolean;
}

const NUMBER_RULES = ["const", "lt", "lte", "gt", "gte", "in", "notIn", "ignoreEmpty"] as const;

function numberCheck({ const: only, in: among = [], notIn = [], ignoreEmpty, ...bounds }: NumberRules): Check {
  const range = rangeCheck(bounds, String);
  return (value, found) => {
    if (typeof value !== "number" && typeof value !== "bigint") return;
    if (ignoreEmpty && Number(value) === 0) return;
    if (only !== undefined && value !== only) found.add(`must be ${only}`);
    range(value, found.add);
    memberCheck(value, among, notIn, found.add);
  };
}

/** Limits of a value; where the lower one lies above the upper one, the values between them are the refused ones. */
export interface Bounds<T> {
  readonly lt?: T | undefined;
  readonly lte?: T | undefined;
  readonly gt?: T | undefined;
  readonly gte?: T | undefined;
}

type Add = (message: string) => void;

/** @param show how a limit reads in a message */
export function rangeCheck<T extends number | bigint>(
  { lt, lte, gt, gte }: Bounds<T>,
  show: (limit: T) => string,
): (value: number | bigint, add: Add) => void {
  const upper = lt ?? lte;
  const lower = gt ?? gte;
  const belowUpper = (value: number | bigint) =>
    upper === undefined || value < upper || (lt === undefined && value === upper);
  const aboveLower = (value: number | bigint) =>
    lower === undefined || value > lower || (gt === undefined && value === lower);
  const reversed = upper !== undefined && lower !== undefined && upper < lower;
  const low = lower === undefined ? [] : [`${gt === undefined ? "at least" : "more than"} ${show(lower)}`];
  const high = upper === undefined ? [] : [`${lt === undefined ? "at most" : "less than"} ${show(upper)}`];
  const message = `must be ${[...low, ...high].join(reversed ? " or " : " and ")}`;
  return (value, add) => {
    const fine = reversed ? belowUpper(value) || aboveLower(value) : belowUpper(value) && aboveLower(value);
    if (!fine) add(message);
  };
}

function memberCheck<T>(value: T, among: readonly T[], notIn: readonly T[], add: Add): void {
  if (among.length > 0 && !among.includes(value)) add(`must be one of ${among.map(String).join(", ")}`);
  if (notIn.includes(value)) add(`must not be ${String(value)}`);
}

function lengthCheck(length: number, unit: string, min: bigint, max: bigint | undefined, add: Add): void {
  if (length < min) add(length === 0 && min === 1n ? "must not be empty" : `must have at least ${min} ${unit}`);
  if (max !== undefined && length > max) add(`must have at most ${max} ${unit}`);
}

function stringCheck(all: StringRules): Check {
  const rules = given(all, ["minLen", "maxLen", "maxBytes", "pattern", "in", "ignoreEmpty", "wellKnown", "strict"]);
  const { minLen = 0n, maxLen, maxBytes, ignoreEmpty, in: among = [] } = rules;
  const form = wholeMatch(rules);
  return (value, found) => {
    if (typeof value !== "string" || (ignoreEmpty && value === "")) return;
    memberCheck(value, among, [], found.add);
    // A string has at least half as many code points as code units, so most need no counting.
    if (maxLen !== undefined || value.length < 2n * minLen) {
      lengthCheck([...value].length, "characters", minLen, maxLen, found.add);
    }
    // At most three bytes a code unit.
    if (maxBytes !== undefined && BigInt(value.length) * 3n > maxBytes) {
      lengthCheck(Buffer.byteLength(value), "bytes", 0n, maxBytes, found.add);
    }
    if (form && !form.regex.test(value)) found.add(form.message);
  };
}

/** What `well_known_regex` stands for; `strict: false` only forbids what would end a header line. */
const LENIENT = "[^\\u0000\\u000A\\u000D]*";
const HEADER_NAME = "(?::?[0-9a-zA-Z!#$%&'*+-.^_|~`]+)";
const HEADER_VALUE = "[^\\u0000-\\u0008\\u000A-\\u001F\\u007F]*";

function wholeMatch({ pattern, wellKnown, strict = true }: Partial<StringRules>) {
  if (pattern !== undefined) {
    return { regex: new RegExp(`^(?:${pattern})$`, "su"), message: `must match ${pattern}` };
  }
  if (wellKnown?.case === undefined) return undefined;
  if (wellKnown.case !== "wellKnownRegex" || wellKnown.value === KnownRegex.UNKNOWN) {
    throw new HeddleError("XDS_RULE", `the validation rule validate.StringRules.${wellKnown.case} is not supported`);
  }
  const isName = wellKnown.value === KnownRegex.HTTP_HEADER_NAME;
  const regex = new RegExp(`^${strict ? (isName ? HEADER_NAME : HEADER_VALUE) : LENIENT}$`, "su");
  return { regex, message: `must be a valid HTTP header ${isName ? "name" : "value"}` };
}
