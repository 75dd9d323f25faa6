import type { PathMatch, Route, RouteMatch } from "../../api/traffic-policy.ts";
import type { Diagnostic } from "../../base/diagnostic.ts";
import type { Policy } from "../snapshot.ts";
import { ANY, isBelow, onlyPath, pathOf, segmentsOf } from "./coverage.ts";
import { finding } from "./subject.ts";

/** Redirects to where the caller is redirected again, for ever. */
export function redirectLoops(policy: Policy): readonly Diagnostic[] {
  const routes = policy.spec.routes ?? [];
  return routes.flatMap((route, index) => {
    const target = loopOf(route);
    if (target === undefined || routes.slice(0, index).some((earlier) => mayTake(earlier, target))) return [];
    const place = target.exact ?? `${target.prefix}/…`;
    const message = `leads to ${place} of the same host, which this route redirects again`;
    return [finding(policy, "HED1360", `spec.routes[${index}].redirect`, message)];
  });
}

/** Where the route leads, if the same route takes all of that. Only matches of the path alone are judged. */
function loopOf({ match, redirect }: Route): PathMatch | undefined {
  if (!redirect || redirect.scheme || redirect.host !== undefined || redirect.port !== undefined) return undefined;
  const alone = (match ?? [ANY]).filter(onlyPath).map(pathOf);
  const { path, prefix } = redirect;
  if (path !== undefined) return alone.some((asked) => holds(asked, path)) ? { exact: path } : undefined;
  if (prefix === undefined) return undefined;
  const to = segmentsOf(prefix);
  return alone.some((asked) => asked.prefix !== undefined && isBelow(to, asked.prefix)) ? { prefix: to } : undefined;
}

function holds({ exact, prefix }: PathMatch, path: string): boolean {
  return exact === path || (prefix !== undefined && isBelow(path, prefix));
}

/** Whether a route may take some of the requests for a path, or for those below a prefix. */
function mayTake({ match }: Route, target: PathMatch): boolean {
  return (match ?? [ANY]).some((one: RouteMatch) => {
    const asked = pathOf(one);
    if (asked.regex !== undefined) return true;
    if (target.exact !== undefined) return holds(asked, target.exact);
    const [a, b] = [asked.prefix ?? asked.exact ?? "", target.prefix ?? ""];
    return isBelow(a, b) || isBelow(b, a);
  });
}
