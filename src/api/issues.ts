/** Turns what a schema found into diagnostics in Heddle's words. */
import { z } from "zod";
import { diagnostic, type DiagnosticCode } from "../base/diagnostic-codes.ts";
import { refKey, type Diagnostic, type ObjectRef } from "../base/diagnostic.ts";
import { formatPath, type FieldPath } from "../base/field-path.ts";
import { closest } from "./suggest.ts";

type Issue = z.core.$ZodIssue;

/** At most this many diagnostics an object: the rest would say the same again. */
const MAX_DIAGNOSTICS = 50;

/** The diagnostics of a value that the schema refused, in the order of the schema. */
export function diagnosticsOf(error: z.ZodError, schema: z.ZodType, ref: ObjectRef): readonly Diagnostic[] {
  const found = error.issues.flatMap((issue) => explain(issue, schema, []));
  const known = new Set<string>();
  const distinct = found.filter(({ path, message }) => {
    const key = `${refKey(ref)} ${formatPath(path)} ${message}`;
    return !known.has(key) && known.add(key);
  });
  return distinct
    .slice(0, MAX_DIAGNOSTICS)
    .map(({ code, path, message }) => diagnostic(code, { ref, path: formatPath(path), message }));
}

interface Finding {
  readonly code: DiagnosticCode;
  readonly path: FieldPath;
  readonly message: string;
}

function explain(issue: Issue, schema: z.ZodType, base: FieldPath): readonly Finding[] {
  const path = [...base, ...issue.path];
  const given = show(issue.input);
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownField(key, path, schema));
    case "invalid_type":
      if (issue.input === undefined)
        return [{ code: "HED1102", path, message: `is required: ${article(issue.expected)}` }];
      return [{ code: "HED1103", path, message: wrongType(issue.expected, issue.input) }];
    case "invalid_value":
      if (issue.input === undefined)
        return [{ code: "HED1102", path, message: `is required: ${choice(issue.values)}` }];
      return [{ code: "HED1104", path, message: `must be ${choice(issue.values)}, not ${given}${hint(issue)}` }];
    case "too_small":
    case "too_big":
      return [{ code: "HED1104", path, message: bound(issue, given) }];
    case "invalid_format":
      return [{ code: "HED1104", path, message: `${issue.message}, not ${given}` }];
    case "invalid_key":
      return issue.issues.map((inner) => ({
        code: "HED1104",
        path,
        message: `${inner.message}, not ${show(issue.path.at(-1))}`,
      }));
    case "invalid_union":
      return [{ code: "HED1104", path, message: union(issue, given) }];
    case "custom":
      return [{ code: codeOf(issue), path, message: issue.message }];
    default:
      return [{ code: "HED1104", path, message: `${issue.message}, not ${given}` }];
  }
}

function codeOf(issue: z.core.$ZodIssueCustom): DiagnosticCode {
  const code: unknown = issue.params?.["code"];
  return isCode(code) ? code : "HED1104";
}

function isCode(value: unknown): value is DiagnosticCode {
  return typeof value === "string" && /^HED\d{4}$/.test(value);
}

function unknownField(key: string, path: FieldPath, schema: z.ZodType): Finding {
  const known = fieldsAt(schema, path);
  const meant = closest(key, known);
  const elsewhere = placesOf(key, schema, "").slice(0, 2);
  const advice =
    meant !== undefined
      ? `did you mean "${meant}"?`
      : elsewhere.length > 0
        ? `it belongs to ${elsewhere.join(" or ")}`
        : `known fields: ${known.join(", ")}`;
  return { code: "HED1101", path: [...path, key], message: `is not a known field; ${advice}` };
}

/** The words of several alternatives, where the value fits none. */
function union(issue: z.core.$ZodIssueInvalidUnion, given: string): string {
  const words = issue.errors
    .flatMap((alternative) => alternative.slice(0, 1))
    .map((inner) => {
      if (inner.code === "invalid_type") return article(inner.expected);
      if (inner.code === "invalid_value") return choice(inner.values);
      return inner.message.replace(/^must be /, "");
    });
  return `must be ${[...new Set(words)].join(", or ")}, not ${given}`;
}

function wrongType(expected: string, input: unknown): string {
  const text = `must be ${article(expected)}, not ${article(typeOf(input))}`;
  const quotable = expected === "string" && (typeof input === "number" || typeof input === "boolean");
  if (quotable) return `${text}; write it in quotes, as in "${String(input)}"`;
  return input !== null && typeof input === "object" ? text : `${text}: ${show(input)}`;
}

function typeOf(input: unknown): string {
  return input === null ? "null" : Array.isArray(input) ? "array" : typeof input;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  array: "a list",
  object: "an object",
  record: "an object",
  int: "a whole number",
  boolean: "true or false",
  null: "null",
  nonoptional: "a value",
};

function article(type: string): string {
  return TYPE_NAMES[type] ?? `a ${type}`;
}

function choice(values: readonly unknown[]): string {
  const words = values.map((value) => (value === "" ? '""' : String(value)));
  return words.length === 1 ? words[0]! : `one of ${words.join(", ")}`;
}

function hint(issue: z.core.$ZodIssueInvalidValue): string {
  const words = issue.values.filter((value) => typeof value === "string");
  const meant = typeof issue.input === "string" ? closest(issue.input, words) : undefined;
  return meant === undefined ? "" : `; did you mean ${meant}?`;
}

function bound(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig, given: string): string {
  const [side, limit] = issue.code === "too_small" ? ["at least", issue.minimum] : ["at most", issue.maximum];
  const many = (noun: string): string => `${limit} ${noun}${Number(limit) === 1 ? "" : "s"}`;
  if (issue.origin === "string" && issue.code === "too_small") return "must not be empty";
  if (issue.origin === "string") return `must have ${side} ${many("character")}`;
  if (issue.origin === "array" || issue.origin === "set" || issue.origin === "map")
    return `must have ${side} ${many("entry").replace("entrys", "entries")}`;
  return `must be ${side} ${limit}, not ${given}`;
}

/** A value as a message shows it, shortened. */
function show(value: unknown): string {
  if (value !== null && typeof value === "object") return Array.isArray(value) ? "a list" : "an object";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** The field names that the schema knows at a path. */
function fieldsAt(schema: z.core.$ZodType, path: FieldPath): readonly string[] {
  const at = unwrap(schema);
  const [part, ...rest] = path;
  if (part === undefined) return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
  if (at instanceof z.ZodObject) {
    const field: unknown = at.shape[String(part)];
    return field instanceof z.core.$ZodType ? fieldsAt(field, rest) : [];
  }
  return at instanceof z.ZodArray ? fieldsAt(at.element, rest) : [];
}

/** Where else in the schema a field of this name stands: what is there was probably indented wrongly. */
function placesOf(key: string, schema: z.core.$ZodType, at: string): readonly string[] {
  const here = unwrap(schema);
  if (here instanceof z.ZodArray) return placesOf(key, here.element, `${at}[]`);
  if (!(here instanceof z.ZodObject)) return [];
  return Object.entries(here.shape).flatMap(([name, field]: [string, unknown]) => {
    const path = at === "" ? name : `${at}.${name}`;
    const inside = field instanceof z.core.$ZodType ? placesOf(key, field, path) : [];
    return name.toLowerCase() === key.toLowerCase() ? [path, ...inside] : inside;
  });
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return unwrap(schema.def.innerType);
  return schema instanceof z.ZodPipe ? unwrap(schema.def.in) : schema;
}
