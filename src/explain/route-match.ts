/** Which of a route's predicates a request fails. The order is the one in which policies are written: path, method, and so on. */
import type {
  HeaderMatcher,
  QueryParameterMatcher,
  RouteMatch,
} from "../gen/envoy/config/route/v3/route_components_pb.ts";
import { type Comparison, comparisonOf, quoted, regexComparison } from "./comparison.ts";
import { cookieOf, cookieValues } from "./cookie.ts";
import { queryParameter, type Request } from "./request.ts";

/** One thing that a request must be. */
interface Predicate {
  /** `path must be "/a"`. */
  readonly words: string;
  readonly holds: (request: Request) => boolean;
  /** What the request has instead: `it is "/b"`. */
  readonly instead: (request: Request) => string;
}

/** The first predicate that the request fails, in words; undefined where the route is for it. */
export function firstFailure(match: RouteMatch, request: Request): string | undefined {
  const failed = predicatesOf(match).find(({ holds }) => !holds(request));
  return failed && `${failed.words}; ${failed.instead(request)}`;
}

/** What requests the route is for, in words. */
export function matchWords(match: RouteMatch): string {
  const predicates = predicatesOf(match).filter(({ words }) => words !== ANY_PATH);
  return predicates.length === 0 ? "every request" : predicates.map(({ words }) => words).join(", ");
}

function predicatesOf(match: RouteMatch): Predicate[] {
  const method = match.headers.filter(({ name }) => name === ":method");
  const others = match.headers.filter(({ name }) => name !== ":method");
  const query = match.queryParameters.map(queryPredicate);
  return [pathPredicate(match), ...method.map(headerPredicate), ...others.map(headerPredicate), ...query];
}

const ANY_PATH = "path must start with /";

function pathPredicate({ pathSpecifier, caseSensitive }: RouteMatch): Predicate {
  const fold = (text: string): string => (caseSensitive === false ? text.toLowerCase() : text);
  const of = (words: string, holds: (path: string) => boolean): Predicate => ({
    words: `path must ${words}`,
    holds: ({ method, path }) => method !== "CONNECT" && holds(path),
    instead: ({ method, path }) => (method === "CONNECT" ? "CONNECT asks for no path" : `it is ${quoted(path)}`),
  });
  const { case: form, value } = pathSpecifier;
  switch (form) {
    case "path":
      return of(`be ${quoted(value)}`, (path) => fold(path) === fold(value));
    case "prefix": {
      const words = value === "/" ? "start with /" : `start with ${quoted(value)}`;
      return of(words, (path) => fold(path).startsWith(fold(value)));
    }
    case "pathSeparatedPrefix":
      return of(`be ${quoted(value)} or below it`, (path) => `${fold(path)}/`.startsWith(`${fold(value)}/`));
    case "safeRegex": {
      const { words, holds } = regexComparison(value.regex);
      return of(words, holds);
    }
    default:
      return of("meet a condition that is not understood here", () => false);
  }
}

function headerPredicate(matcher: HeaderMatcher): Predicate {
  const cookie = cookieOf(matcher);
  if (cookie) return cookiePredicate(matcher, cookie.name, cookie.words);
  const { name, headerMatchSpecifier: match, invertMatch } = matcher;
  const what = name === ":method" ? "method" : `header ${name}`;
  const valuesOf = ({ headers }: Request): readonly string[] => headers.get(name.toLowerCase()) ?? [];
  const instead = (request: Request): string => itIs(valuesOf(request));
  if (match.case === "presentMatch") {
    const wanted = match.value !== invertMatch;
    return {
      words: `${what} must ${wanted ? "be there" : "be missing"}`,
      holds: (request) => valuesOf(request).length > 0 === wanted,
      instead,
    };
  }
  const comparison: Comparison =
    match.case === "stringMatch"
      ? comparisonOf(match.value)
      : { words: "meet a condition that is not understood here", holds: () => false };
  return {
    words: `${what} must ${invertMatch ? "not " : ""}${comparison.words}`,
    holds: (request) => headerHolds(matcher, valuesOf(request), comparison.holds),
    instead,
  };
}

/** A header that is missing fails, inverted or not, unless it counts as empty. Of several values one is enough. */
function headerHolds(matcher: HeaderMatcher, values: readonly string[], holds: Comparison["holds"]): boolean {
  const { invertMatch, treatMissingHeaderAsEmpty } = matcher;
  if (values.length === 0) return treatMissingHeaderAsEmpty && holds("") !== invertMatch;
  return values.some(holds) !== invertMatch;
}

const OPPOSITE: Readonly<Record<string, string>> = {
  "be there": "be missing",
  "be there and not empty": "be missing or empty",
};

function cookiePredicate(matcher: HeaderMatcher, name: string, words: string): Predicate {
  const { headerMatchSpecifier: match, invertMatch } = matcher;
  const { holds } = match.case === "stringMatch" ? comparisonOf(match.value) : { holds: () => false };
  const valuesOf = ({ headers }: Request): readonly string[] => headers.get("cookie") ?? [];
  return {
    words: `cookie ${name} must ${invertMatch ? (OPPOSITE[words] ?? `not ${words}`) : words}`,
    holds: (request) => headerHolds(matcher, valuesOf(request), holds),
    instead: (request) => itIs(cookieValues(valuesOf(request), name)),
  };
}

function queryPredicate({ name, queryParameterMatchSpecifier: match }: QueryParameterMatcher): Predicate {
  const valueOf = (request: Request): string | undefined => queryParameter(request, name);
  const instead = (request: Request): string => itIs([valueOf(request)].filter((value) => value !== undefined));
  const what = `query parameter ${name} must`;
  if (match.case !== "stringMatch") {
    const wanted = match.value !== false;
    return {
      words: `${what} ${wanted ? "be there" : "be missing"}`,
      holds: (request) => (valueOf(request) !== undefined) === wanted,
      instead,
    };
  }
  const { words, holds } = comparisonOf(match.value);
  return {
    words: `${what} ${words}`,
    holds(request) {
      const value = valueOf(request);
      return value !== undefined && holds(value);
    },
    instead,
  };
}

function itIs(values: readonly string[]): string {
  return values.length === 0 ? "it is missing" : `it is ${values.map(quoted).join(" and ")}`;
}
