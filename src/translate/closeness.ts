/** Which endpoints are for a caller, and which of them come first, for services whose callers' places matter. */
import type { Endpoint, ServiceDefinition, Workload } from "../model/snapshot.ts";
import { distributionOf } from "./distribution.ts";

/** Where a caller is, as far as it matters for a service: callers with the same text see the same endpoints. */
export interface Closeness {
  readonly key: string;
  /** The least distance that an endpoint can have. */
  readonly nearest: number;
  /** Whether the endpoint is for this caller at all. */
  includes(endpoint: Endpoint): boolean;
  placeOf(endpoint: Endpoint): Place;
}

/** What endpoints are grouped by. */
export interface Place {
  /** 0 is nearest. The numbers may have gaps. */
  readonly distance: number;
  readonly region: string;
  readonly zone: string;
  /** The place's share of the requests; without it every endpoint counts alike. */
  readonly weight?: number;
}

const EVERYWHERE: Closeness = {
  key: "",
  nearest: 0,
  includes: () => true,
  placeOf: (endpoint) => placeAt(endpoint, 0),
};

/** The node that all endpoints of a service have to be on for a caller; "" for any. */
export function localNode({ localOnly }: ServiceDefinition, { node }: Workload): string {
  return localOnly ? node : "";
}

/** Whether it matters at all to callers of a service where they are. */
export function dependsOnPlace({ localOnly, prefers, policy }: ServiceDefinition): boolean {
  return localOnly || prefers !== "any" || policy?.spec.loadBalancing?.locality !== undefined;
}

/** A caller whose zone is not known has no near and far; one whose node is not known is sent to all. */
export function closenessOf(service: ServiceDefinition, caller: Workload): Closeness {
  const { node, region, zone } = caller;
  const { prefers } = service;
  const { failover, distribute } = service.policy?.spec.loadBalancing?.locality ?? {
    failover: prefers !== "any",
    distribute: undefined,
  };
  const onlyNode = localNode(service, caller);
  const isLocal = (endpoint: Endpoint): boolean => onlyNode === "" || endpoint.node === onlyNode;
  if (distribute) return distributionOf(distribute, { region, zone }, onlyNode, isLocal);
  const byNode = failover !== false && prefers === "node" && node !== "";
  const byZone = failover !== false && zone !== "";
  if (!byNode && !byZone && onlyNode === "") return EVERYWHERE;
  const at = [byZone ? `${region}/${zone}` : "", byNode ? node : onlyNode];
  const distance = (endpoint: Endpoint): number => {
    if (byNode && endpoint.node === node) return 0;
    if (!byZone) return 1;
    if (endpoint.zone === zone && endpoint.region === region) return 1;
    return endpoint.region === region ? 2 : 3;
  };
  return {
    key: at.join("@"),
    nearest: byNode ? 0 : 1,
    includes: isLocal,
    placeOf: (endpoint) => placeAt(endpoint, distance(endpoint)),
  };
}

function placeAt({ region, zone }: Endpoint, distance: number): Place {
  return { distance, region, zone };
}
