/** Requests that are near to what a route is for: by chance alone too few would get past its first predicate. */
import type { RouteMatch, ValueMatch } from "../../src/api/policy-match.ts";
import { sendable } from "../../src/explain/path.ts";
import type { SentRequest } from "../../src/explain/request.ts";
import { EXAMPLES } from "./arbitrary-calls.ts";

type Request = Omit<SentRequest, "authority">;

/**
 * The request changed to meet the match. What the request has of its own stays, so that it may still fail.
 *
 * @param first whether what the match asks for comes before what the request has
 */
export function aimedAt(match: RouteMatch, request: Request, first: boolean): Request {
  const { path, headers = [], query = [], cookies = [], method } = match;
  const [ownPath = "/", ...ownQuery] = request.path.split("?");
  const asked = path ? encodeURI(path.exact ?? path.prefix ?? EXAMPLES[path.regex ?? ""] ?? "/") : ownPath;
  const pairs = query.flatMap((wanted) => pairOf(wanted, encodeURIComponent(wanted.name)));
  const parameters = ordered(pairs.map(sendable), ownQuery, first).join("&");
  const lines = headers
    .filter(({ name }) => !["host", "connection"].includes(name.toLowerCase()))
    .flatMap((wanted) => pairOf(wanted, wanted.name).map((pair) => split(pair)));
  const crumbs = cookies.flatMap((wanted) => pairOf(wanted, wanted.name));
  const cookie = crumbs.length > 0 ? [["cookie", crumbs.join("; ")] as const] : [];
  return {
    method: method === undefined || method === "CONNECT" ? request.method : method,
    path: parameters === "" ? asked : `${asked}?${parameters}`,
    headers: ordered([...lines, ...cookie], request.headers, first),
  };
}

function ordered<T>(wanted: readonly T[], own: readonly T[], first: boolean): readonly T[] {
  return first ? [...wanted, ...own] : [...own, ...wanted];
}

/** `name=value`, or nothing where it must be missing. */
function pairOf({ exact, prefix, suffix, contains, regex, present }: ValueMatch, name: string): readonly string[] {
  if (present === false) return [];
  return [`${name}=${exact ?? prefix ?? suffix ?? contains ?? EXAMPLES[regex ?? ""] ?? "1"}`];
}

function split(pair: string): readonly [string, string] {
  const equal = pair.indexOf("=");
  return [pair.slice(0, equal), pair.slice(equal + 1)];
}
