/** Fixed shares of the requests for regions and zones, by where the caller is. */
import type { Distribution } from "../api/traffic-policy.ts";
import type { Locality } from "../model/locality.ts";
import type { Endpoint } from "../model/snapshot.ts";
import type { Closeness, Place } from "./closeness.ts";

/** One place for all endpoints: Envoy chooses places first, and so all endpoints only count alike within one. */
const ALL: Place = { distance: 0, region: "", zone: "" };

/**
 * @param node where all included endpoints have to be; "" for anywhere
 * @param isLocal whether an endpoint is there
 */
export function distributionOf(
  rules: readonly Distribution[],
  caller: Locality,
  node: string,
  isLocal: (endpoint: Endpoint) => boolean,
): Closeness {
  const index = rules.findIndex(({ from }) => holds(from, caller));
  const key = `distribute/${index}@${node}`;
  const shares = rules[index]?.to;
  if (!shares) return { key, nearest: ALL.distance, includes: isLocal, placeOf: () => ALL };
  const placeOf = ({ region, zone }: Endpoint): Place | undefined => {
    const share = shares.find((to) => (to.region ?? region) === region && (to.zone ?? zone) === zone);
    return share && { distance: 0, region: share.region ?? "", zone: share.zone ?? "", weight: share.weight };
  };
  return {
    key,
    nearest: ALL.distance,
    includes: (endpoint) => isLocal(endpoint) && placeOf(endpoint) !== undefined,
    placeOf: (endpoint) => placeOf(endpoint) ?? ALL,
  };
}

/** @param from a region, `region/zone`, or `*` */
function holds(from: string, { region, zone }: Locality): boolean {
  return from === "*" || from === region || from === `${region}/${zone}`;
}
