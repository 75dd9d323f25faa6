import type { Diagnostic } from "../../base/diagnostic.ts";
import type { Policy } from "../snapshot.ts";
import { finding } from "./subject.ts";

/** Shares of places, and rules for callers, that one before takes over: the first that holds counts. */
export function coveredPlaces(policy: Policy): readonly Diagnostic[] {
  const rules = policy.spec.loadBalancing?.locality?.distribute ?? [];
  const path = "spec.loadBalancing.locality.distribute";
  return rules.flatMap(({ from, to }, rule) => {
    const before = rules.findIndex((earlier) => isWithin(from, earlier.from));
    const late =
      before < 0 || before >= rule
        ? []
        : [
            finding(
              policy,
              "HED1368",
              `${path}[${rule}].from`,
              `never holds: ${path}[${before}] before it is for all callers there`,
            ),
          ];
    const shares = to.flatMap((place, index) => {
      const taker = to
        .slice(0, index)
        .findIndex(
          ({ region, zone }) =>
            (region === undefined || region === place.region) && (zone === undefined || zone === place.zone),
        );
      if (taker < 0) return [];
      const message = `gets nothing: an endpoint counts to the first place that it is in, which is ${path}[${rule}].to[${taker}]`;
      return [finding(policy, "HED1368", `${path}[${rule}].to[${index}]`, message)];
    });
    return [...late, ...shares];
  });
}

/** Callers are given as a region, region/zone, or *. */
function isWithin(caller: string, wide: string): boolean {
  return wide === "*" || caller === wide || caller.startsWith(`${wide}/`);
}
