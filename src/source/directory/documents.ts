/** Cuts a manifest file into documents before any of them is parsed, so that a broken one cannot swallow the next. */

export interface DocumentText {
  readonly text: string;
  /** Lines of the file before it. */
  readonly linesBefore: number;
}

/**
 * The documents that hold more than comments. YAML forbids lines that start with `---` or `...` inside any scalar, so
 * cutting at them is exact. Lines that start with `%` (directives) only count before a document and are left out.
 */
export function splitDocuments(text: string): readonly DocumentText[] {
  const documents: DocumentText[] = [];
  let from = 0;
  let linesBefore = 0;
  const cut = (to: number): void => {
    const part = text.slice(from, to);
    if (!/^(---)?\s*(([#%].*)?\s*\n)*([#%].*)?$/.test(part)) documents.push({ text: part, linesBefore });
    linesBefore += countLines(part);
    from = to;
  };
  for (const marker of text.matchAll(/^(?:---|\.\.\.)(?=[ \t\r\n]|$)/gm)) {
    cut(marker.index);
    if (marker[0] === "...") from += marker[0].length;
  }
  cut(text.length);
  return documents;
}

function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines++;
  return lines;
}
