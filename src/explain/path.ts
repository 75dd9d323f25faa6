/** The normal form of a path, as the connection manager makes it before routes are looked at (all measured). */

/** What clients escape before they send it; Envoy would refuse the request. */
const NOT_SENDABLE = /[^\x21-\x7e]/gu;
const ESCAPED = /["<>^`{|}]/g;
/** Escapes of these mean the same as the characters themselves. */
const PLAIN = /^[A-Za-z0-9\-._~]$/;

/** What a client makes of a path or query that holds blanks, letters with accents and the like. */
export function sendable(text: string): string {
  return text.replace(NOT_SENDABLE, (char) => encodeURIComponent(char));
}

/** The normal form, or undefined where Envoy refuses the path. `path` has no query. */
export function normalizedPath(path: string): string | undefined {
  const sent = sendable(path);
  if (/%00/.test(sent)) return undefined;
  const done: string[] = [];
  const segments = sent.replaceAll("\\", "/").slice(1).split("/");
  segments.forEach((segment, index) => {
    // Only dots that are written as such lose what follows a semicolon.
    const kind = unescaped(segment.replace(/^(\.\.?);.*$/, "$1"));
    const last = index === segments.length - 1;
    if (kind === "..") done.pop();
    if (kind !== "." && kind !== "..") done.push(kind);
    else if (last) done.push("");
  });
  return `/${done.join("/")}`;
}

function unescaped(segment: string): string {
  const plain = segment.replace(/%([0-9A-Fa-f]{2})/g, (escape, hex: string) => {
    const char = String.fromCharCode(Number.parseInt(hex, 16));
    return PLAIN.test(char) ? char : escape;
  });
  return plain.replace(ESCAPED, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
