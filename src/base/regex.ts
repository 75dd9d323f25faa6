/**
 * Checks regular expressions against RE2's syntax as Envoy compiles it (over bytes): what passes here compiles there. It is a
 * scanner, not a parser of meaning: it walks the pattern once and reports the first thing that RE2 refuses.
 */

/** RE2 refuses repetitions above this, nested ones by their product. */
const MAX_REPEAT = 1000;
/**
 * Bound on the compiled size, in rough instructions: above what sidecars allow (`re2.max_program_size.error_level` in their
 * bootstrap, 32768), Envoy refuses the route.
 */
const MAX_COST = 30_000;
/** Envoy matches bytes (Latin-1), so that even a Unicode class stands for few ranges. */
const CLASS_COST = 8;
const UNICODE_CLASS_COST = 16;
const MAX_NESTING = 100;

const COUNTED = /^\{(\d+)(,(\d*))?\}/;
const REPEATED = /^([*+?]|\{\d+(,\d*)?\})/;

interface Piece {
  readonly cost: number;
  /** Largest product of nested repetition counts inside. */
  readonly repeat: number;
}

/** Why RE2 would refuse the pattern, or undefined when it is fine. */
export function regexProblem(pattern: string): string | undefined {
  try {
    const scan = new Scanner(pattern);
    const whole = scan.alternatives(0);
    if (!scan.atEnd) return "has a ) without a (";
    return whole.cost > MAX_COST ? "is too large when its repetitions are written out" : undefined;
  } catch (thrown) {
    if (thrown instanceof Refused) return thrown.message;
    throw thrown;
  }
}

/** Unwinds the scan; never leaves this file. */
class Refused extends Error {}

class Scanner {
  readonly #text: string;
  readonly #names = new Set<string>();
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  alternatives(depth: number): Piece {
    if (depth > MAX_NESTING) throw new Refused("nests groups too deeply");
    let total: Piece = { cost: 1, repeat: 1 };
    while (!this.atEnd && this.#peek() !== ")") {
      if (this.#take("|")) continue;
      const piece = this.#repetition(this.#atom(depth));
      total = { cost: total.cost + piece.cost, repeat: Math.max(total.repeat, piece.repeat) };
    }
    return total;
  }

  #atom(depth: number): Piece {
    if (COUNTED.test(this.#text.slice(this.#at, this.#at + 24)))
      throw new Refused("has a { } with nothing before it to repeat");
    const char = this.#next();
    switch (char) {
      case "(":
        return this.#group(depth);
      case "[":
        return this.#class();
      case "\\":
        return this.#escape();
      case "*":
      case "+":
      case "?":
        throw new Refused(`has ${char} with nothing before it to repeat`);
      case ".":
        return { cost: 3, repeat: 1 };
      default:
        return { cost: char > "\x7f" ? 4 : 1, repeat: 1 };
    }
  }

  #group(depth: number): Piece {
    if (this.#take("?")) {
      const rest = this.#text.slice(this.#at);
      if (/^<?[=!]/.test(rest)) throw new Refused("uses lookaround, which RE2 does not have");
      const named = /^P?<([A-Za-z_]\w*)>/.exec(rest);
      const flags = /^([imsU]*)(-[imsU]+)?([:)])/.exec(rest);
      if (named) this.#name(named[1]!);
      else if (!flags || flags[0] === ")")
        throw new Refused(`has a group (?${rest.slice(0, 3)} that RE2 does not know`);
      this.#at += (named ?? flags)![0].length;
      if (!named && flags?.[3] === ")") return this.#flagsAlone();
    }
    const inner = this.alternatives(depth + 1);
    if (!this.#take(")")) throw new Refused("has a ( without a )");
    return { cost: inner.cost + 2, repeat: inner.repeat };
  }

  /** `(?i)` by itself sets a flag and matches nothing that could be repeated. */
  #flagsAlone(): Piece {
    if (REPEATED.test(this.#text.slice(this.#at, this.#at + 24))) throw new Refused("repeats a group of flags alone");
    return { cost: 0, repeat: 1 };
  }

  #name(name: string): void {
    if (this.#names.has(name)) throw new Refused(`names two groups ${name}`);
    this.#names.add(name);
  }

  #repetition(atom: Piece): Piece {
    const counted = COUNTED.exec(this.#text.slice(this.#at, this.#at + 24));
    const simple = this.#peek();
    if (!counted && simple !== "*" && simple !== "+" && simple !== "?") return atom;
    this.#at += counted ? counted[0].length : 1;
    const least = counted ? Number(counted[1]) : 1;
    const most = counted?.[3] ? Number(counted[3]) : least;
    if (least > MAX_REPEAT || most > MAX_REPEAT) throw new Refused(`repeats more than ${MAX_REPEAT} times`);
    if (most < least) throw new Refused(`has a repetition ${counted![0]} whose end is below its start`);
    const repeat = atom.repeat * Math.max(most, 1);
    if (repeat > MAX_REPEAT) throw new Refused(`repeats more than ${MAX_REPEAT} times, nested repetitions multiplied`);
    this.#take("?");
    if (REPEATED.test(this.#text.slice(this.#at, this.#at + 24)))
      throw new Refused("repeats a repetition, such as a** or a++");
    return { cost: (atom.cost + 1) * Math.max(most, 1), repeat };
  }

  #escape(): Piece {
    if (this.atEnd) throw new Refused("ends in a single \\");
    const char = this.#next();
    if (char === "p" || char === "P") return this.#unicodeClass();
    if (char === "Q") return this.#quoted();
    if (/[1-9k]/.test(char)) throw new Refused("uses a backreference, which RE2 does not have");
    if (char === "x") return this.#hex();
    if (/[dDwWsSAzbBafnrtvC0]/.test(char)) return { cost: /[dDwWsS]/.test(char) ? CLASS_COST : 1, repeat: 1 };
    if (/[A-Za-z0-9]/.test(char) || char > "\x7f") throw new Refused(`has an escape \\${char} that RE2 does not know`);
    return { cost: 1, repeat: 1 };
  }

  #unicodeClass(): Piece {
    const name = /^(\p{Lu}|\{\^?[A-Za-z_]{1,40}\})/u.exec(this.#text.slice(this.#at))?.[0];
    const known = name !== undefined && isUnicodeClass(name.replace(/[{}^]/g, ""));
    if (!known) throw new Refused("has a \\p class that RE2 does not know");
    this.#at += name.length;
    return { cost: UNICODE_CLASS_COST, repeat: 1 };
  }

  #quoted(): Piece {
    const end = this.#text.indexOf("\\E", this.#at);
    const length = (end < 0 ? this.#text.length : end) - this.#at;
    this.#at = end < 0 ? this.#text.length : end + 2;
    return { cost: length * 4, repeat: 1 };
  }

  #hex(): Piece {
    const digits = /^([0-9A-Fa-f]{2}|\{[0-9A-Fa-f]{1,6}\})/.exec(this.#text.slice(this.#at))?.[0];
    if (digits === undefined || Number.parseInt(digits.replace(/[{}]/g, ""), 16) > 0xff)
      throw new Refused(
        "has a \\x that is not a byte in the form \\x7F or \\x{7F}; write other characters as they are",
      );
    this.#at += digits.length;
    return { cost: 1, repeat: 1 };
  }

  #class(): Piece {
    let cost = this.#take("^") ? CLASS_COST : 2;
    for (let first = true; first || this.#peek() !== "]"; first = false) {
      if (this.atEnd) throw new Refused("has a [ without a ]");
      const named = /^\[:(\^?)(\w*):\]/.exec(this.#text.slice(this.#at));
      if (named) {
        if (!POSIX_CLASSES.has(named[2]!)) throw new Refused(`has a class ${named[0]} that RE2 does not know`);
        this.#at += named[0].length;
        cost += CLASS_COST;
        continue;
      }
      const low = this.#classChar();
      cost += low.cost;
      // After a class such as \d a - is only itself.
      const isRange =
        low.code !== undefined &&
        this.#peek() === "-" &&
        this.#text[this.#at + 1] !== "]" &&
        this.#at + 1 < this.#text.length;
      if (!isRange) continue;
      this.#at += 1;
      const high = this.#classChar();
      if (high.code === undefined || high.code < low.code)
        throw new Refused("has a range in [ ] whose end is below its start");
    }
    this.#at += 1;
    return { cost, repeat: 1 };
  }

  /** One member of a class; `code` is absent for those that stand for several characters, such as `\d`. */
  #classChar(): { readonly cost: number; readonly code?: number } {
    const char = this.#next();
    if (char !== "\\") return { cost: 2, code: char.codePointAt(0)! };
    const from = this.#at;
    const escaped = this.#peek();
    if (/[AzbBCQ]/.test(escaped)) throw new Refused(`has an escape \\${escaped} inside [ ]`);
    const { cost } = this.#escape();
    if (/[dDwWsSpP]/.test(escaped)) return { cost };
    return { cost: 2, code: codeOf(this.#text.slice(from, this.#at)) };
  }

  #peek(): string {
    return this.#text[this.#at] ?? "";
  }

  #next(): string {
    const char = String.fromCodePoint(this.#text.codePointAt(this.#at)!);
    this.#at += char.length;
    return char;
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at += 1;
    return true;
  }
}

const POSIX_CLASSES = new Set(
  "alnum alpha ascii blank cntrl digit graph lower print punct space upper word xdigit".split(" "),
);

const ESCAPED: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11, "0": 0 };

function codeOf(escape: string): number {
  if (escape.startsWith("x")) return Number.parseInt(escape.replace(/[x{}]/g, ""), 16);
  return ESCAPED[escape] ?? escape.codePointAt(0)!;
}

/** RE2 knows general categories (`L`, `Lu`) and script names (`Greek`), which ECMAScript knows as well. */
function isUnicodeClass(name: string): boolean {
  if (name === "Any" || name === "C") return true;
  if (/^[CLMNPSZ][a-z]?$/.test(name)) return name !== "Cn" && compiles(`\\p{${name}}`);
  return /^[A-Z][a-z]/.test(name) && compiles(`\\p{Script=${name}}`);
}

function compiles(source: string): boolean {
  try {
    return new RegExp(source, "u").source !== "";
  } catch {
    return false;
  }
}
