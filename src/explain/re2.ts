/**
 * Patterns in RE2 syntax, written anew for ECMAScript. Envoy compares bytes: both the pattern and the text are read as Latin-1,
 * see `bytes`. A pattern that `base/regex.ts` passes is understood; what is left out changes no match (laziness does not).
 */

/** A text as Envoy sees it: each character one byte of its UTF-8 form. */
export function bytes(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("");
}

/** Whether the whole text matches. */
export function fullMatch(pattern: string, text: string): boolean {
  return new RegExp(`^(?:${ecmaScript(pattern)})$`, "u").test(bytes(text));
}

/** Replaces every match; `\1` in the substitution stands for the first group, `\0` for all of the match. */
export function replaceAll(pattern: string, text: string, substitution: string): string {
  return text.replace(new RegExp(ecmaScript(pattern), "gu"), (...match: unknown[]) =>
    substitution.replace(/\\([0-9\\])/g, (_, digit: string) => {
      return digit === "\\" ? "\\" : typeof match[Number(digit)] === "string" ? String(match[Number(digit)]) : "";
    }),
  );
}

/** The pattern for a RegExp with flag `u`. */
export function ecmaScript(pattern: string): string {
  const reader = { text: bytes(pattern), at: 0 };
  return alternatives(reader, { i: false, m: false, s: false });
}

interface Reader {
  readonly text: string;
  at: number;
}

interface Flags {
  readonly i: boolean;
  readonly m: boolean;
  readonly s: boolean;
}

/** Up to the end of the group. Flags that are set inside hold up to there, over `|` too. */
function alternatives(reader: Reader, outer: Flags): string {
  let flags = outer;
  let out = "";
  while (reader.at < reader.text.length && reader.text[reader.at] !== ")") {
    const set = take(reader, /\(\?([imsU]*)(?:-([imsU]+))?\)/y);
    if (set) {
      flags = changed(flags, set[1], set[2]);
      continue;
    }
    if (take(reader, /\|/y)) out += "|";
    else {
      const atom = atomOf(reader, flags);
      const repeat = take(reader, /(?:[*+?]|\{\d+(?:,\d*)?\})\??/y)?.[0] ?? "";
      // One that does not fit is refused before it gets here.
      out += repeat === "" ? atom : `(?:${atom})${repeat}`;
    }
  }
  return out;
}

function atomOf(reader: Reader, flags: Flags): string {
  const quoted = take(reader, /\\Q([^]*?)(?:\\E|$)/y);
  if (quoted) return [...quoted[1]!].map((char) => cased(literal(char), flags)).join("");
  const named = take(reader, /\(\?P?<[A-Za-z_]\w*>/y);
  if (named) return `(${grouped(reader, flags)})`;
  const flagged = take(reader, /\(\?([imsU]*)(?:-([imsU]+))?:/y);
  if (flagged) return `(?:${grouped(reader, changed(flags, flagged[1], flagged[2]))})`;
  if (take(reader, /\(/y)) return `(${grouped(reader, flags)})`;
  if (reader.text[reader.at] === "[") return cased(classOf(reader), flags);
  const escape = take(reader, ESCAPE);
  if (escape) return escaped(escape[0], flags);
  const char = reader.text[reader.at++]!;
  if (char === ".") return flags.s ? "[^]" : "[^\\n]";
  if (char === "^") return flags.m ? "(?:(?<![^\\n]))" : "(?:^)";
  if (char === "$") return flags.m ? "(?:(?![^\\n]))" : "(?:$)";
  return cased(literal(char), flags);
}

function grouped(reader: Reader, flags: Flags): string {
  const inner = alternatives(reader, flags);
  take(reader, /\)/y);
  return inner;
}

function changed(flags: Flags, on = "", off = ""): Flags {
  const value = (flag: "i" | "m" | "s"): boolean => (flags[flag] || on.includes(flag)) && !off.includes(flag);
  return { i: value("i"), m: value("m"), s: value("s") };
}

const ESCAPE = /\\(?:[pP](?:\{\^?\w+\}|\w)|x(?:\{[0-9A-Fa-f]+\}|[0-9A-Fa-f]{2})|0[0-7]{0,2}|[^])/y;
const ANCHORS: Readonly<Record<string, string>> = {
  "\\A": "(?:^)",
  "\\z": "(?:$)",
  "\\b": "(?:\\b)",
  "\\B": "(?:\\B)",
  "\\C": "[^]",
};

function escaped(escape: string, flags: Flags): string {
  return ANCHORS[escape] ?? cased(`[${member(escape)}]`, flags);
}

/** Classes by what stands for them, without the brackets. */
const CLASSES: Readonly<Record<string, string>> = {
  d: "0-9",
  w: "0-9A-Za-z_",
  s: "\\t\\n\\f\\r ",
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  ascii: "\\x00-\\x7f",
  blank: "\\t ",
  cntrl: "\\x00-\\x1f\\x7f",
  digit: "0-9",
  graph: "!-~",
  lower: "a-z",
  print: " -~",
  punct: "!-\\/:-@\\[-`\\{-~",
  space: "\\t-\\r ",
  upper: "A-Z",
  word: "0-9A-Za-z_",
  xdigit: "0-9A-Fa-f",
};
const CONTROLS: Readonly<Record<string, string>> = { a: "\x07", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

/** A member of a class that an escape stands for. */
function member(escape: string): string {
  const kind = escape[1]!;
  if (kind === "p" || kind === "P") return property(escape);
  const named = CLASSES[kind.toLowerCase()];
  if (named !== undefined && /[dwsDWS]/.test(kind)) return kind === kind.toLowerCase() ? named : complement(named);
  return literal(charOf(escape));
}

function charOf(escape: string): string {
  const kind = escape[1]!;
  if (kind === "x") return String.fromCharCode(Number.parseInt(escape.slice(2).replace(/[{}]/g, ""), 16));
  if (kind === "0") return String.fromCharCode(Number.parseInt(escape.slice(1), 8));
  return CONTROLS[kind] ?? kind;
}

/** ECMAScript wants to know whether a name is a script's. */
function property(escape: string): string {
  const [, sign = "p", inverse = "", name = ""] = /^\\([pP])\{?(\^?)(\w+)\}?$/.exec(escape) ?? [];
  const negative = (sign === "P") !== (inverse === "^");
  if (name === "Any") return negative ? complement("\\x00-\\xff") : "\\x00-\\xff";
  return `\\${negative ? "P" : "p"}{${name.length <= 2 ? name : `Script=${name}`}}`;
}

/** All other bytes, by trying each: there are but 256. */
function complement(members: string): string {
  const inside = new RegExp(`[${members}]`, "u");
  const all = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));
  return all
    .filter((char) => !inside.test(char))
    .map(literal)
    .join("");
}

function classOf(reader: Reader): string {
  const negative = take(reader, /\[(\^?)/y)?.[1] ?? "";
  let members = "";
  for (let first = true; first || reader.text[reader.at] !== "]"; first = false) {
    if (reader.at >= reader.text.length) break;
    const named = take(reader, /\[:(\^?)(\w+):\]/y);
    if (named) {
      const inside = CLASSES[named[2]!] ?? "";
      members += named[1] === "^" ? complement(inside) : inside;
    } else {
      const escape = take(reader, ESCAPE)?.[0];
      members += escape === undefined ? literal(reader.text[reader.at++]!) : member(escape);
      // What stands here is a range's, unless it is the last of the class.
      if (!/\\[dDwWsSpP]/.test(escape ?? "") && take(reader, /-(?!\])/y)) {
        const end = take(reader, ESCAPE)?.[0];
        members += `-${end === undefined ? literal(reader.text[reader.at++]!) : literal(charOf(end))}`;
      }
    }
  }
  reader.at += 1;
  return `[${negative}${members}]`;
}

function cased(atom: string, { i }: Flags): string {
  return i ? `(?i:${atom})` : atom;
}

/** A byte as a pattern, in a class or out of it. */
function literal(char: string): string {
  return /[\w ]/.test(char) ? char : `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

function take(reader: Reader, pattern: RegExp): RegExpExecArray | null {
  const sticky = new RegExp(pattern.source, "y");
  sticky.lastIndex = reader.at;
  const found = sticky.exec(reader.text);
  if (found) reader.at += found[0].length;
  return found;
}
