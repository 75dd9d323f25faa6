/** JSON patches (RFC 6902) from one value to another. */
import { isDeepStrictEqual } from "node:util";

export type PatchOperation =
  | { readonly op: "add" | "replace"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string };

/**
 * What turns `before` into `after`. Objects are compared field by field; of lists, those of the same beginning and end have what
 * differs between replaced: injected containers come in, and the others stay where they are.
 */
export function diff(before: unknown, after: unknown, path = ""): readonly PatchOperation[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (Array.isArray(before) && Array.isArray(after)) return diffLists(before, after, path);
  if (isObject(before) && isObject(after)) return diffObjects(before, after, path);
  return [{ op: "replace", path, value: after }];
}

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function diffObjects(before: Fields, after: Fields, path: string): readonly PatchOperation[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name): readonly PatchOperation[] => {
    const at = `${path}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    const [old, next] = [own(before, name), own(after, name)];
    if (next === undefined) return old === undefined ? [] : [{ op: "remove", path: at }];
    if (old === undefined) return [{ op: "add", path: at, value: next }];
    return diff(old, next, at);
  });
}

/** A field that is undefined is not there: JSON has no such value. What an object inherits is not there either. */
function own(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

function diffLists(before: readonly unknown[], after: readonly unknown[], path: string): readonly PatchOperation[] {
  if (before.length === after.length)
    return before.flatMap((item, index) => diff(item, after[index], `${path}/${index}`));
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && isDeepStrictEqual(before[head], after[head])) head++;
  let tail = 0;
  while (tail < shorter - head && isDeepStrictEqual(before.at(-1 - tail), after.at(-1 - tail))) tail++;
  const removed = before
    .slice(head, before.length - tail)
    .map((): PatchOperation => ({ op: "remove", path: `${path}/${head}` }));
  const added = after
    .slice(head, after.length - tail)
    .map((value, index): PatchOperation => ({ op: "add", path: `${path}/${head + index}`, value }));
  return [...removed, ...added];
}
