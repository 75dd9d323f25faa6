/** Whether all requests of one match are also requests of another. It says no where it cannot tell. */
import type { Caller, PathMatch, RouteMatch, ValueMatch } from "../../api/traffic-policy.ts";

/** Every request. */
export const ANY: RouteMatch = {};

/** Whether every request that `narrow` holds for is one that `wide` holds for. */
export function covers(wide: RouteMatch, narrow: RouteMatch): boolean {
  return (
    pathCovers(pathOf(wide), pathOf(narrow)) &&
    (methodOf(wide) === undefined || methodOf(wide) === methodOf(narrow)) &&
    valuesCover(wide.headers, narrow.headers, (name) => name.toLowerCase()) &&
    valuesCover(wide.query, narrow.query) &&
    valuesCover(wide.cookies, narrow.cookies) &&
    callerCovers(wide.from, narrow.from)
  );
}

/** A match that looks at nothing but the path. */
export function onlyPath({ grpc, headers, query, cookies, method, from }: RouteMatch): boolean {
  return [grpc, headers?.length, query?.length, cookies?.length, method, from].every((given) => !given);
}

/** The method that the match asks for: gRPC calls are POSTs. */
export function methodOf({ grpc, method }: RouteMatch): string | undefined {
  return grpc ? "POST" : method;
}

/** The path that the match asks for, with prefixes as whole segments without a slash at their end: "" is any path. */
export function pathOf({ path, grpc }: RouteMatch): PathMatch {
  if (grpc) {
    const { service, method } = grpc;
    return method === undefined ? { prefix: `/${service}` } : { exact: `/${service}/${method}` };
  }
  return path?.prefix === undefined ? (path ?? { prefix: "" }) : { prefix: segmentsOf(path.prefix) };
}

/** A path prefix without the slashes at its end. */
export function segmentsOf(prefix: string): string {
  return prefix.replace(/\/+$/, "");
}

/** Whether a path is the prefix, or below it. */
export function isBelow(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`);
}

function pathCovers(wide: PathMatch, narrow: PathMatch): boolean {
  if (wide.prefix === "") return true;
  if (wide.prefix !== undefined) {
    const path = narrow.prefix ?? narrow.exact;
    return path !== undefined && isBelow(path, wide.prefix);
  }
  if (wide.exact !== undefined) return wide.exact === narrow.exact;
  return wide.regex === narrow.regex;
}

function valuesCover(
  wide: readonly ValueMatch[] = [],
  narrow: readonly ValueMatch[] = [],
  nameOf: (name: string) => string = (name) => name,
): boolean {
  return wide.every((w) => narrow.some((n) => nameOf(n.name) === nameOf(w.name) && implies(n, w)));
}

/** Whether a value that `given` holds for is one that `asked` holds for. */
function implies(given: ValueMatch, asked: ValueMatch): boolean {
  if (asked.present !== undefined) return asked.present === (given.present ?? true);
  if (asked.exact !== undefined) return given.exact === asked.exact;
  if (asked.regex !== undefined) return given.regex === asked.regex;
  const { prefix, suffix, contains = "" } = asked;
  if (prefix !== undefined) return (given.exact ?? given.prefix)?.startsWith(prefix) === true;
  if (suffix !== undefined) return (given.exact ?? given.suffix)?.endsWith(suffix) === true;
  return [given.exact, given.prefix, given.suffix, given.contains].some((text) => text?.includes(contains));
}

function callerCovers(wide: Caller | undefined, narrow: Caller | undefined): boolean {
  if (!wide) return true;
  if (!narrow) return false;
  return (
    listCovers(wide.namespaces, narrow.namespaces) &&
    listCovers(wide.serviceAccounts, narrow.serviceAccounts) &&
    Object.entries(wide.labels ?? {}).every(([key, value]) => narrow.labels?.[key] === value)
  );
}

function listCovers(wide: readonly string[] | undefined, narrow: readonly string[] | undefined): boolean {
  return wide === undefined || (narrow?.every((name) => wide.includes(name)) ?? false);
}
