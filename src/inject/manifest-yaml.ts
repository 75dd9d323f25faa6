/** Manifests as text: what kubectl reads in them, and back into text with the comments and the spelling of what did not change. */
import {
  isCollection,
  isNode,
  isScalar,
  isSeq,
  parseDocument,
  Scalar,
  visit,
  type Document,
  type ScalarTag,
  type Tags,
  type YAMLSeq,
} from "yaml";
import { diff, type PatchOperation } from "./patch.ts";

/**
 * Reads one document. kubectl takes `yes` for true and `0644` for an octal number, as YAML 1.1 does, but knows no times. Errors are
 * those of the document.
 */
export function parseManifest(text: string): Document.Parsed {
  return parseDocument(text, {
    schema: "yaml-1.1",
    stringKeys: true,
    prettyErrors: false,
    logLevel: "silent",
    customTags: (tags) => tags.filter((tag) => !isTime(tag)).map(keepSpelling),
  });
}

/**
 * The document's text with the value `after` in place of `before`, which is what it holds. A document with aliases is written
 * anew: what an alias stands for is in several places, and only one of them may have changed.
 */
export function rewriteManifest(document: Document, before: unknown, after: unknown): string {
  if (hasAliases(document)) document.contents = created(document, after);
  else for (const operation of diff(before, after)) apply(document, operation);
  // Long lines are left as they are.
  return document.toString({ lineWidth: 0 });
}

type Tag = Tags[number];

function isTime(tag: Tag): boolean {
  return typeof tag === "object" && (tag.tag.endsWith(":timestamp") || ("format" in tag && tag.format === "TIME"));
}

/** A number is written as it was read: `0644`, `1_000`, and digits beyond what a double holds. A key `<<` in quotes keeps them. */
function keepSpelling(tag: Tag): Tag {
  if (typeof tag !== "object") return tag;
  if (tag.tag.endsWith(":merge")) {
    return { ...(tag as ScalarTag), stringify: ({ type }) => (type === Scalar.QUOTE_DOUBLE ? `"${MERGE}"` : MERGE) };
  }
  if (!/:(int|float)$/.test(tag.tag)) return tag;
  const { stringify } = tag as ScalarTag;
  return {
    ...(tag as ScalarTag),
    stringify: (node, ...rest) => (node.type === "PLAIN" && node.source) || (stringify?.(node, ...rest) ?? ""),
  };
}

function hasAliases(document: Document): boolean {
  let found = false;
  visit(document, {
    Alias() {
      found = true;
      return visit.BREAK;
    },
  });
  return found;
}

function apply(document: Document, operation: PatchOperation): void {
  const steps = operation.path.split("/").slice(1).map(unescape);
  const last = steps.pop() ?? "";
  let parent: unknown = document.contents;
  for (const step of [...steps, undefined]) {
    if (!isCollection(parent)) throw new TypeError(`${operation.path} is not in the document`);
    // What a sidecar adds is not readable between braces.
    parent.flow = false;
    if (step !== undefined) parent = parent.get(step, true);
  }
  if (!isCollection(parent)) return;
  if (operation.op === "remove") parent.delete(last);
  else if (isSeq(parent) && operation.op === "add") insert(parent, Number(last), created(document, operation.value));
  else parent.set(last === MERGE ? quoted(last) : last, created(document, operation.value));
}

function insert(list: YAMLSeq, index: number, item: unknown): void {
  const [first] = list.items;
  if (index === 0 && isNode(first) && list.commentBefore) {
    // What the parser takes for a comment on the list is most often one on its first item.
    first.commentBefore = list.commentBefore;
    list.commentBefore = null;
  }
  list.items.splice(index, 0, item);
}

function created(document: Document, value: unknown): Document["contents"] {
  const node = document.createNode(value, { aliasDuplicateObjects: false });
  visit(node, {
    Pair(_, pair) {
      if (isScalar(pair.key) && pair.key.value === MERGE) pair.key.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return node;
}

/** Plain, this key would put its value's fields into the object around it. */
const MERGE = "<<";

function quoted(key: string): Scalar {
  const scalar = new Scalar(key);
  scalar.type = Scalar.QUOTE_DOUBLE;
  return scalar;
}

function unescape(step: string): string {
  return step.replaceAll("~1", "/").replaceAll("~0", "~");
}
