/** The virtual host that a request's host leads to. */
import type { VirtualHost } from "../gen/envoy/config/route/v3/route_components_pb.ts";
import type { RouteConfiguration } from "../gen/envoy/config/route/v3/route_pb.ts";

export interface HostMatch {
  readonly virtualHost: VirtualHost;
  /** As it stands in the table. */
  readonly domain: string;
  /** Why this one: `is the very host`. */
  readonly how: string;
}

/**
 * A domain that is equal, else the longest `*.example`, else the longest `example.*`, else `*`. Upper and lower case are the same, and
 * the port counts unless the table says otherwise. A wildcard stands for one character at least.
 */
export function matchHost(table: RouteConfiguration, authority: string): HostMatch | undefined {
  const host = (table.ignorePortInHostMatching ? withoutPort(authority) : authority).toLowerCase();
  const all = table.virtualHosts.flatMap((virtualHost) =>
    virtualHost.domains.map((domain) => ({ virtualHost, domain })),
  );
  const exact = all.find(({ domain }) => domain.toLowerCase() === host && domain !== "*");
  if (exact) return { ...exact, how: "is the host itself" };
  const wild = (of: (domain: string) => string | undefined, holds: (part: string) => boolean) =>
    all
      .filter(({ domain }) => {
        const part = domain === "*" ? undefined : of(domain.toLowerCase());
        return part !== undefined && part.length <= host.length && holds(part);
      })
      .sort((a, b) => b.domain.length - a.domain.length)[0];
  const suffix = wild(
    (domain) => (domain.startsWith("*") ? domain.slice(1) : undefined),
    (part) => host.endsWith(part),
  );
  if (suffix) return { ...suffix, how: "is the longest that ends like the host" };
  const prefix = wild(
    (domain) => (domain.endsWith("*") ? domain.slice(0, -1) : undefined),
    (part) => host.startsWith(part),
  );
  if (prefix) return { ...prefix, how: "is the longest that starts like the host" };
  const any = all.find(({ domain }) => domain === "*");
  return any && { ...any, how: "takes every host that no other domain takes" };
}

/** What stands before the last colon; colons inside of `[ ]` are an address's own. */
export function withoutPort(authority: string): string {
  const colon = authority.lastIndexOf(":");
  return colon < 0 || authority.lastIndexOf("]") > colon ? authority : authority.slice(0, colon);
}
