/** Wishes about regions and zones that the endpoints, or the Service, leave without effect. */
import type { Diagnostic } from "../../base/diagnostic.ts";
import { finding, type Subject } from "./subject.ts";

const PATH = "spec.loadBalancing.locality";

/** Places that get a share and have no endpoint, while others are known to have some. */
export function emptyPlaces({ policy, targets }: Subject): readonly Diagnostic[] {
  const rules = policy.spec.loadBalancing?.locality?.distribute ?? [];
  return targets.flatMap(({ key, endpoints }) => {
    // Whose place is not known may be anywhere.
    if (endpoints.length === 0 || endpoints.some(({ zone }) => zone === "")) return [];
    return rules.flatMap(({ to }, rule) =>
      to.flatMap(({ region, zone }, index) => {
        if (endpoints.some((e) => (region ?? e.region) === e.region && (zone ?? e.zone) === e.zone)) return [];
        const places = [...new Set(endpoints.map((e) => (e.region === "" ? e.zone : `${e.region}/${e.zone}`)))].sort();
        const place = [region, zone].filter((part) => part !== undefined).join("/");
        const message = `Service ${key} has no endpoint in ${place}; it has some in ${places.join(", ")}`;
        return [finding(policy, "HED1367", `${PATH}.distribute[${rule}].to[${index}]`, message)];
      }),
    );
  });
}

/** Endpoints of the caller's own node are all in the caller's zone. */
export function boundToNode({ policy, targets }: Subject): readonly Diagnostic[] {
  if (!policy.spec.loadBalancing?.locality) return [];
  return targets
    .filter(({ localOnly }) => localOnly)
    .map(({ key }) => {
      const message = `has no effect: Service ${key} has internalTrafficPolicy: Local, and callers only reach endpoints of their own node`;
      return finding(policy, "HED1369", PATH, message);
    });
}
