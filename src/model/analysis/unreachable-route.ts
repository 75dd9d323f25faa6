import type { Route } from "../../api/traffic-policy.ts";
import type { Diagnostic } from "../../base/diagnostic.ts";
import type { Policy } from "../snapshot.ts";
import { ANY, covers } from "./coverage.ts";
import { finding } from "./subject.ts";

/** Routes, and alternatives of their matches, whose requests routes before them take: the first that matches wins. */
export function unreachableRoutes(policy: Policy): readonly Diagnostic[] {
  const routes = policy.spec.routes ?? [];
  return routes.flatMap((route, index) => {
    const before = routes.slice(0, index);
    const takers = matchesOf(route).map((match) =>
      before.findIndex((earlier) => matchesOf(earlier).some((wide) => covers(wide, match))),
    );
    const path = `spec.routes[${index}]`;
    if (!takers.includes(-1)) return [finding(policy, "HED1307", path, unreached(routes, takers))];
    return takers.flatMap((taker, at) =>
      taker < 0 ? [] : [finding(policy, "HED1345", `${path}.match[${at}]`, unreached(routes, [taker]))],
    );
  });
}

function matchesOf({ match }: Route): NonNullable<Route["match"]> {
  return match ?? [ANY];
}

function unreached(routes: readonly Route[], takers: readonly number[]): string {
  const distinct = [...new Set(takers)].sort((a, b) => a - b);
  const all = distinct.find((at) => matchesOf(routes[at]!).some((match) => covers(match, ANY)));
  if (all !== undefined) return `is never reached: spec.routes[${all}] before it takes every request`;
  const names = distinct.map((at) => `spec.routes[${at}]`).join(" and ");
  return `is never reached: ${names} before it ${distinct.length === 1 ? "takes" : "take"} its requests`;
}
