/** Cookies: Envoy has no matcher for them, so that `translate/match.ts` writes patterns over the whole header. Here they are read back. */
import type { HeaderMatcher } from "../gen/envoy/config/route/v3/route_components_pb.ts";

const BEFORE = "(?:.*;)?[ \\t]*";
const AFTER = "[ \\t]*(?:;.*)?";
const REST = "[^;]*";
/** Anything but an empty one. */
const SOME = "(?:[^; \\t][^;]*)";

/** What is wanted of a cookie. */
export interface CookieCondition {
  readonly name: string;
  /** Goes on after "must": `be "a"`. */
  readonly words: string;
}

/** The cookie that a header matcher is about; undefined where it is about something else. */
export function cookieOf({ name: header, headerMatchSpecifier: match }: HeaderMatcher): CookieCondition | undefined {
  if (header !== "cookie" || match.case !== "stringMatch" || match.value.matchPattern.case !== "safeRegex") return;
  const { regex } = match.value.matchPattern.value;
  if (!regex.startsWith(BEFORE) || !regex.endsWith(AFTER)) return undefined;
  const inner = regex.slice(BEFORE.length, -AFTER.length);
  const equal = inner.indexOf("=");
  return equal < 0 ? undefined : { name: unescape(inner.slice(0, equal)), words: wordsOf(inner.slice(equal + 1)) };
}

function wordsOf(value: string): string {
  if (value === REST) return "be there";
  if (value === SOME) return "be there and not empty";
  if (value.startsWith("(?:")) return `match ${value.slice(3, -1)}`;
  const [starts, ends] = [value.endsWith(REST), value.startsWith(REST)];
  const text = JSON.stringify(unescape(value.slice(ends ? REST.length : 0, starts ? -REST.length : undefined)));
  if (starts && ends) return `contain ${text}`;
  if (starts) return `start with ${text}`;
  return ends ? `end with ${text}` : `be ${text}`;
}

function unescape(pattern: string): string {
  return pattern.replace(/\\(.)/g, "$1");
}

/** The cookie's values in a request's `cookie` headers. */
export function cookieValues(headers: readonly string[], name: string): readonly string[] {
  return headers
    .flatMap((header) => header.split(";"))
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
}
