/** A request in a route table: virtual host, then the first route that is for it. */
import type { Route, VirtualHost } from "../gen/envoy/config/route/v3/route_components_pb.ts";
import type { RouteConfiguration } from "../gen/envoy/config/route/v3/route_pb.ts";
import { matchHost } from "./domain.ts";
import type { Request } from "./request.ts";
import { firstFailure, matchWords } from "./route-match.ts";

export interface Routing {
  readonly table: string;
  readonly virtualHost: string;
  readonly domain: string;
  /** Why this domain. */
  readonly how: string;
  readonly passedOver: readonly PassedOver[];
  /** Undefined where no route is for the request. */
  readonly route: TakenRoute | undefined;
}

export interface PassedOver {
  readonly name: string;
  /** Its place in the virtual host. */
  readonly index: number;
  /** The first predicate that the request fails. */
  readonly why: string;
}

export interface TakenRoute {
  readonly name: string;
  readonly index: number;
  /** What requests it is for. */
  readonly match: string;
}

/** Undefined where the table has no virtual host for the request. */
export function routeIn(
  table: RouteConfiguration,
  request: Request,
): { readonly routing: Routing; readonly taken: Route | undefined } | undefined {
  const host = matchHost(table, request.authority);
  if (!host) return undefined;
  const { passedOver, index } = walk(host.virtualHost, request);
  const taken = host.virtualHost.routes[index];
  const route = taken?.match && { name: nameOf(taken, index), index, match: matchWords(taken.match) };
  const { name: virtualHost } = host.virtualHost;
  const routing = { table: table.name, virtualHost, domain: host.domain, how: host.how, passedOver, route };
  return { routing, taken };
}

function walk({ routes }: VirtualHost, request: Request): { passedOver: readonly PassedOver[]; index: number } {
  const passedOver: PassedOver[] = [];
  for (const [index, route] of routes.entries()) {
    const why = route.match && firstFailure(route.match, request);
    if (why === undefined) return { passedOver, index };
    passedOver.push({ name: nameOf(route, index), index, why });
  }
  return { passedOver, index: -1 };
}

function nameOf({ name }: Route, index: number): string {
  return name === "" ? `route ${index}` : name;
}
