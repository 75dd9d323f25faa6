/** Matches that no request fulfils. */
import type { RouteMatch, ValueMatch } from "../../api/traffic-policy.ts";
import type { Diagnostic } from "../../base/diagnostic.ts";
import type { Policy } from "../snapshot.ts";
import { finding, ofRoutes } from "./subject.ts";

/** Envoy takes these out of a request before it looks for a route. */
const HOP_BY_HOP: ReadonlySet<string> = new Set(["keep-alive", "proxy-connection", "transfer-encoding"]);

export const neverMatching = ofRoutes((policy, { match = [] }, path) =>
  match.flatMap((one, index) => [
    ...impossiblePath(policy, one, `${path}.match[${index}]`),
    ...droppedHeaders(policy, one, `${path}.match[${index}]`),
    ...contradictions(policy, one, `${path}.match[${index}]`),
  ]),
);

/** Only plain patterns are judged: of alternatives, groups and classes nothing is said. */
function impossiblePath(policy: Policy, { path: asked }: RouteMatch, path: string): readonly Diagnostic[] {
  const regex = asked?.regex?.replace(/^\^/, "");
  if (regex === undefined || regex.includes("|")) return [];
  const at = `${path}.path.regex`;
  if (/^[A-Za-z0-9_%~-](?![?*{])/.test(regex)) {
    const message = `matches no path: all begin with /, this pattern with "${regex[0]}", and the whole path must match`;
    return [finding(policy, "HED1346", at, message)];
  }
  if (/(?<!\\)(?:\\\\)*\\\?(?![?*{])/.test(regex) && !/[([]/.test(regex)) {
    const message = "matches no path: it asks for a ?, and paths are looked at without the query; use query";
    return [finding(policy, "HED1346", at, message)];
  }
  return [];
}

function droppedHeaders(policy: Policy, { headers = [] }: RouteMatch, path: string): readonly Diagnostic[] {
  return headers.flatMap(({ name, present }, index) => {
    if (present === false || !HOP_BY_HOP.has(name.toLowerCase())) return [];
    const message = `never holds: ${name.toLowerCase()} is about one connection, and is taken out before a route is looked for`;
    return [finding(policy, "HED1347", `${path}.headers[${index}]`, message)];
  });
}

function contradictions(policy: Policy, match: RouteMatch, path: string): readonly Diagnostic[] {
  const { headers = [], query = [], cookies = [] } = match;
  return [
    ...contradictoryIn(policy, headers, `${path}.headers`, (name) => name.toLowerCase()),
    ...contradictoryIn(policy, query, `${path}.query`),
    // Of a cookie there may be two with one name: only its absence says something of all.
    ...contradictoryIn(
      policy,
      cookies.map(({ name, present }) => ({ name, present: present ?? true })),
      `${path}.cookies`,
    ),
  ];
}

function contradictoryIn(
  policy: Policy,
  values: readonly ValueMatch[],
  path: string,
  nameOf: (name: string) => string = (name) => name,
): readonly Diagnostic[] {
  return values.flatMap((value, index) => {
    const at = values
      .slice(0, index)
      .findIndex(
        (earlier) =>
          nameOf(earlier.name) === nameOf(value.name) && (excludes(earlier, value) || excludes(value, earlier)),
      );
    if (at < 0) return [];
    const message = `no one value fulfils this and ${path}[${at}], and all of a match must hold; alternatives are entries of match`;
    return [finding(policy, "HED1348", `${path}[${index}]`, message)];
  });
}

/** No value fulfils both; of two values of one name newer Envoys look at each. Patterns are not judged. */
function excludes(a: ValueMatch, b: ValueMatch): boolean {
  if (a.present === false) return b.present !== false;
  const { exact } = a;
  if (exact === undefined) return false;
  if (b.exact !== undefined) return b.exact !== exact;
  if (b.prefix !== undefined) return !exact.startsWith(b.prefix);
  if (b.suffix !== undefined) return !exact.endsWith(b.suffix);
  return b.contains !== undefined && !exact.includes(b.contains);
}
