/** Manifests as text: what kubectl reads in them, and back into text with the comments and the spelling of what did not change. */
import {
  isCollection,
  isNode,
  isScalar,
  isSeq,
  parseDocument,
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
    customTags: (tags) => tags.filter((tag) => !isTime(tag)).map((tag) => keepSpelling(mergeOnlyWhatMerges(tag))),
  });
}

/**
 * The document's text with the value `after` in place of `before`, which is what it holds. A document with aliases or merges is
 * written anew: what an alias stands for is in several places, only one of which may have changed, and what is merged into a map is
 * not among its keys.
 */
export function rewriteManifest(document: Document, before: unknown, after: unknown): string {
  if (borrows(document)) document.contents = created(document, after);
  else for (const operation of diff(before, after)) apply(document, operation);
  // Long lines are left as they are.
  return document.toString({ lineWidth: 0 });
}

type Tag = Tags[number];

function isTime(tag: Tag): boolean {
  return typeof tag === "object" && (tag.tag.endsWith(":timestamp") || ("format" in tag && tag.format === "TIME"));
}

/** A number is written as it was read: `0644`, `1_000`, and digits beyond what a double holds. */
function keepSpelling(tag: Tag): Tag {
  if (typeof tag !== "object" || !/:(int|float)$/.test(tag.tag)) return tag;
  const { stringify } = tag as ScalarTag;
  return {
    ...(tag as ScalarTag),
    stringify: (node, ...rest) => (node.type === "PLAIN" && node.source) || (stringify?.(node, ...rest) ?? ""),
  };
}

/** A key that is the text `<<` and no merge is put in quotes. */
function mergeOnlyWhatMerges(tag: Tag): Tag {
  if (typeof tag !== "object" || !tag.tag.endsWith(":merge")) return tag;
  return { ...(tag as ScalarTag), stringify: (node) => (isMerge(node) ? MERGE : JSON.stringify(MERGE)) };
}

const MERGE = "<<";

/** Bare, the key merges its value into the map; what was made from a value is not bare. */
function isMerge(key: unknown): boolean {
  return isScalar(key) && key.value === MERGE && key.type === "PLAIN";
}

/** Some of what the document holds is said elsewhere: by an alias or a merge key. */
function borrows(document: Document): boolean {
  let found = false;
  visit(document, {
    Alias() {
      found = true;
      return visit.BREAK;
    },
    Pair(_, { key }) {
      if (!isMerge(key)) return undefined;
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
  else parent.set(last, created(document, operation.value));
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
  return document.createNode(value, { aliasDuplicateObjects: false });
}

function unescape(step: string): string {
  return step.replaceAll("~1", "/").replaceAll("~0", "~");
}
