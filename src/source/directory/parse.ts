/** One manifest file's text to objects and diagnostics with places. Pure. */
import {
  isMap,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type Node,
  type ScalarTag,
  type YAMLError,
} from "yaml";
import { parseObject, type ApiObject } from "../../api/parse-object.ts";
import { diagnostic } from "../../base/diagnostic-codes.ts";
import { refKey, type Diagnostic, type ObjectRef, type Place } from "../../base/diagnostic.ts";
import { messageOf } from "../../base/errors.ts";
import { placeOf, type Origin, type Sourced } from "../../model/objects.ts";
import { splitDocuments, type DocumentText } from "./documents.ts";
import { fieldPlaces, locator, type Locate } from "./field-places.ts";

export interface ParsedFile {
  readonly objects: readonly Sourced[];
  /** Keys of objects that are there but broken. */
  readonly broken: ReadonlySet<string>;
  /** Something in the file is broken so that it cannot be told which object it is. */
  readonly unidentified: boolean;
  readonly diagnostics: readonly Diagnostic[];
  /** Objects of kinds that Heddle does not read, as `apiVersion kind`. */
  readonly ignored: readonly string[];
}

const MAX_DOCUMENTS = 10_000;
const MAX_ALIASES = 100;

/**
 * kubectl reads these words as booleans where they are values, so Heddle does too: a manifest means the same in a folder and
 * in a cluster. Keys stay text.
 */
const YAML11_BOOLEAN: ScalarTag = {
  tag: "tag:yaml.org,2002:bool",
  default: true,
  test: /^(?:y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)$/,
  resolve: (text) => /^(?:y|on)/i.test(text),
};

/** Parses a file's text; never throws. `file` is how diagnostics name it. */
export function parseManifests(file: string, text: string): ParsedFile {
  const documents = splitDocuments(text);
  if (documents.length > MAX_DOCUMENTS) {
    const message = `holds ${documents.length} documents; ${MAX_DOCUMENTS} are allowed`;
    return unreadable(diagnostic("HED1002", { message, place: { file, line: 1 } }));
  }
  return combine(documents.map((document) => parseOne(file, document)));
}

/** A file of which nothing could be read, for the reason given. */
export function unreadable(reason: Diagnostic): ParsedFile {
  return { objects: [], broken: new Set(), unidentified: true, diagnostics: [reason], ignored: [] };
}

function combine(parts: readonly ParsedFile[]): ParsedFile {
  return {
    objects: parts.flatMap((part) => part.objects),
    broken: new Set(parts.flatMap((part) => [...part.broken])),
    unidentified: parts.some((part) => part.unidentified),
    diagnostics: parts.flatMap((part) => part.diagnostics),
    ignored: parts.flatMap((part) => part.ignored),
  };
}

function parseOne(file: string, { text, linesBefore }: DocumentText): ParsedFile {
  const lineCounter = new LineCounter();
  const locate = locator(file, lineCounter, linesBefore);
  try {
    const document = parseDocument(text, {
      lineCounter,
      prettyErrors: false,
      stringKeys: true,
      merge: true,
      logLevel: "silent",
      customTags: (tags) => [YAML11_BOOLEAN, ...tags],
    });
    const [error] = document.errors;
    if (error) {
      const message = `is not valid YAML: ${error.message.replace(/\.$/, "")}`;
      const place = locate(unclosedQuote(document, error) ?? error.pos[0]);
      return brokenDocument(document, diagnostic("HED1001", { message, place }));
    }
    return parseValue(plain(document), document.contents, locate);
  } catch (thrown) {
    const place = locate(0);
    if (messageOf(thrown).startsWith("Excessive alias count")) {
      const message = `has too many aliases: what they stand for is repeated more than ${MAX_ALIASES} times`;
      return unreadable(diagnostic("HED1004", { message, place }));
    }
    return unreadable(diagnostic("HED1001", { message: `is not valid YAML: ${messageOf(thrown)}`, place }));
  }
}

/** Where a quote that is never closed was opened: the parser only notices at the end of the document. */
function unclosedQuote(document: Document.Parsed, error: YAMLError): number | undefined {
  let opened: number | undefined;
  if (error.code !== "MISSING_CHAR" || !error.message.includes("quote")) return undefined;
  visit(document, {
    Scalar(_, { type, range }) {
      if (range && (type === "QUOTE_DOUBLE" || type === "QUOTE_SINGLE")) opened = range[0];
    },
  });
  return opened;
}

function plain(document: Document.Parsed): unknown {
  return document.toJS({ maxAliasCount: MAX_ALIASES });
}

/** A document with a syntax error: its identity may still be readable, and tells which object keeps its last good version. */
function brokenDocument(document: Document.Parsed, reason: Diagnostic): ParsedFile {
  const ref = identityOf(document);
  if (!ref) return unreadable(reason);
  return { ...unreadable({ ...reason, ref }), broken: new Set([refKey(ref)]), unidentified: false };
}

function identityOf(document: Document.Parsed): ObjectRef | undefined {
  try {
    const parsed = parseObject(plain(document));
    if (parsed.outcome === "invalid")
      return parsed.diagnostics.some((d) => d.code === "HED1007") ? undefined : parsed.ref;
    return parsed.outcome === "object" ? identity(parsed.object) : undefined;
  } catch {
    return undefined;
  }
}

function identity(object: ApiObject): ObjectRef {
  return { kind: object.kind, namespace: object.meta.namespace, name: object.meta.name };
}

/** A document's value: one object, or a list of them. */
function parseValue(value: unknown, node: Node | null, locate: Locate): ParsedFile {
  const list = listOf(value);
  if (!list) return parseItem(value, node, locate);
  const items = isMap(node) ? node.get("items", true) : undefined;
  return combine(
    list.items.map((item, index) => {
      const itemNode = isSeq(items) ? items.items[index] : undefined;
      const typed = list.kind === "" ? item : { apiVersion: list.apiVersion, kind: list.kind, ...objectOrNone(item) };
      return parseItem(typed, isMap(itemNode) ? itemNode : node, locate);
    }),
  );
}

/** `v1 List` of anything, or a typed list such as `ServiceList`, whose items need not say their kind again. */
function listOf(
  value: unknown,
): { readonly apiVersion: string; readonly kind: string; readonly items: readonly unknown[] } | undefined {
  const { apiVersion, kind, items } = objectOrNone(value);
  if (typeof kind !== "string" || typeof apiVersion !== "string" || !kind.endsWith("List")) return undefined;
  return Array.isArray(items) ? { apiVersion, kind: kind.slice(0, -"List".length), items } : undefined;
}

function objectOrNone(value: unknown): Readonly<Record<string, unknown>> {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? { ...value } : {};
}

function parseItem(value: unknown, node: Node | null, locate: Locate): ParsedFile {
  const parsed = parseObject(value);
  const place = locate(node?.range?.[0] ?? 0);
  if (parsed.outcome === "ignored") return { ...NOTHING, ignored: [`${parsed.apiVersion} ${parsed.kind}`] };
  if (parsed.outcome === "object") {
    const origin = originOf(place, hasFields(parsed.object) ? node : null, locate);
    return { ...NOTHING, objects: [{ object: parsed.object, origin }] };
  }
  const origin = originOf(place, node, locate);
  const identified = parsed.ref && parsed.diagnostics.every((d) => d.code !== "HED1007");
  return {
    ...NOTHING,
    broken: new Set(parsed.ref && identified ? [refKey(parsed.ref)] : []),
    unidentified: !identified,
    diagnostics: parsed.diagnostics.map((d) => ({ ...d, place: placeOf(origin, d.path) })),
  };
}

const NOTHING: ParsedFile = { objects: [], broken: new Set(), unidentified: false, diagnostics: [], ignored: [] };

const POINTED_INTO: ReadonlySet<string> = new Set(["TrafficPolicy", "Service", "Pod", "HTTPRoute", "GRPCRoute"]);

/** Only what later diagnostics point into keeps the place of every field. */
function hasFields(object: ApiObject): boolean {
  return POINTED_INTO.has(object.kind);
}

function originOf(place: Place, node: Node | null, locate: Locate): Origin {
  return { place, fields: node ? fieldPlaces(node, locate) : new Map() };
}
