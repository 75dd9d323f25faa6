/** The resource types of Envoy's xDS API and the order in which a change must reach a client. */

const PREFIX = "type.googleapis.com/";

export const CLUSTER = `${PREFIX}envoy.config.cluster.v3.Cluster`;
export const ENDPOINT = `${PREFIX}envoy.config.endpoint.v3.ClusterLoadAssignment`;
export const LISTENER = `${PREFIX}envoy.config.listener.v3.Listener`;
export const ROUTE = `${PREFIX}envoy.config.route.v3.RouteConfiguration`;
export const VIRTUAL_HOST = `${PREFIX}envoy.config.route.v3.VirtualHost`;
/** Parts of listeners that are asked for by name. */
export const EXTENSION = `${PREFIX}envoy.config.core.v3.TypedExtensionConfig`;
export const SECRET = `${PREFIX}envoy.extensions.transport_sockets.tls.v3.Secret`;

/**
 * Make before break: clusters first, then what makes them usable, then the listeners and routes that send traffic to
 * them. Types not named here come between endpoints and listeners, in the order in which a client asked for them.
 */
const BEFORE = [CLUSTER, ENDPOINT, SECRET];
const AFTER = [LISTENER, ROUTE, VIRTUAL_HOST];

/** Types that route traffic to clusters: they wait for new clusters, and removals of clusters wait for them. */
export const TRAFFIC_TYPES: ReadonlySet<string> = new Set(AFTER);

/** Types whose removal takes something away that a route may still use; sent when no traffic type is in flight. */
export const REMOVED_LAST: ReadonlySet<string> = new Set(BEFORE);

/** Types of which a State-of-the-World response is the whole state: leaving a resource out deletes it. */
export const FULL_STATE: ReadonlySet<string> = new Set([CLUSTER, LISTENER]);

/** Sorts type URLs into push order; stable for types that have no order of their own. */
export function inPushOrder(typeUrls: Iterable<string>): string[] {
  const rank = (typeUrl: string): number => {
    const before = BEFORE.indexOf(typeUrl);
    if (before >= 0) return before;
    const after = AFTER.indexOf(typeUrl);
    return after >= 0 ? BEFORE.length + 1 + after : BEFORE.length;
  };
  return [...typeUrls].sort((a, b) => rank(a) - rank(b));
}

const SHORT: Readonly<Record<string, string>> = {
  [CLUSTER]: "CDS",
  [ENDPOINT]: "EDS",
  [LISTENER]: "LDS",
  [ROUTE]: "RDS",
  [VIRTUAL_HOST]: "VHDS",
  [SECRET]: "SDS",
  [EXTENSION]: "ECDS",
};

/** `CDS` for clusters and so on; the message name for types that have no short one. */
export function shortType(typeUrl: string): string {
  return SHORT[typeUrl] ?? typeUrl.slice(typeUrl.lastIndexOf(".") + 1);
}
