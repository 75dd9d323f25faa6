/** Where each field of a YAML document stands. */
import { isMap, isScalar, isSeq, type LineCounter, type Node } from "yaml";
import type { Place } from "../../base/diagnostic.ts";
import { formatPath, type FieldPath } from "../../base/field-path.ts";

/** Turns an offset in a document into a place in its file. */
export type Locate = (offset: number) => Place;

export function locator(file: string, lines: LineCounter, linesBefore: number): Locate {
  return (offset) => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line) + linesBefore, column: Math.max(1, col) };
  };
}

/** The place of every field below `node`, by path. Aliases are not followed: what they repeat has its place already. */
export function fieldPlaces(node: Node, locate: Locate): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  const visit = (at: unknown, path: FieldPath): void => {
    if (isMap(at)) {
      for (const { key, value } of at.items) {
        if (!isScalar(key)) continue;
        const field = [...path, String(key.value)];
        if (key.range) places.set(formatPath(field), locate(key.range[0]));
        visit(value, field);
      }
    } else if (isSeq(at)) {
      for (const [index, item] of at.items.entries()) {
        const field = [...path, index];
        const start = rangeStart(item);
        if (start !== undefined) places.set(formatPath(field), locate(start));
        visit(item, field);
      }
    }
  };
  visit(node, []);
  return places;
}

function rangeStart(node: unknown): number | undefined {
  return isMap(node) || isSeq(node) || isScalar(node) ? node.range?.[0] : undefined;
}
