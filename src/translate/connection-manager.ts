/** The HTTP connection manager: the same filters for every listener, so that no policy needs to change one. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Filter, FilterSchema } from "../gen/envoy/config/listener/v3/listener_components_pb.ts";
import type { Route } from "../gen/envoy/config/route/v3/route_components_pb.ts";
import { CorsSchema } from "../gen/envoy/extensions/filters/http/cors/v3/cors_pb.ts";
import { HTTPFaultSchema } from "../gen/envoy/extensions/filters/http/fault/v3/fault_pb.ts";
import { LocalRateLimitSchema } from "../gen/envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit_pb.ts";
import {
  RateLimitSchema,
  RateLimit_XRateLimitHeadersRFCVersion,
} from "../gen/envoy/extensions/filters/http/ratelimit/v3/rate_limit_pb.ts";
import { ApiVersion } from "../gen/envoy/config/core/v3/config_source_pb.ts";
import { OnDemandSchema } from "../gen/envoy/extensions/filters/http/on_demand/v3/on_demand_pb.ts";
import { RouterSchema } from "../gen/envoy/extensions/filters/http/router/v3/router_pb.ts";
import { StatefulSessionSchema } from "../gen/envoy/extensions/filters/http/stateful_session/v3/stateful_session_pb.ts";
import {
  HttpConnectionManager_CodecType,
  HttpConnectionManager_ServerHeaderTransformation,
  HttpConnectionManagerSchema,
  type HttpFilter,
  HttpFilterSchema,
} from "../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { create } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import { StatusCode } from "../gen/envoy/type/v3/http_status_pb.ts";
import { ads, duration, pack } from "./envoy.ts";
import { RATE_LIMIT_CLUSTER } from "./names.ts";

/** Stand in every connection manager and do nothing until a route gives them settings: no policy changes a listener. */
export const CORS_FILTER = "envoy.filters.http.cors";
export const FAULT_FILTER = "envoy.filters.http.fault";
export const RATE_LIMIT_FILTER = "envoy.filters.http.local_ratelimit";
export const AFFINITY_FILTER = "envoy.filters.http.stateful_session";
export const RATE_LIMIT_STATS = "heddle";

/**
 * The filter that asks the rate-limit service, once for each failure mode, which a route cannot choose. They ask only about routes
 * with a limit of their stage. Stage 0 is the local filter's.
 */
export const RATE_LIMIT_SERVICE = {
  Allow: { filter: "envoy.filters.http.ratelimit", stage: 1 },
  Deny: { filter: "envoy.filters.http.ratelimit.deny", stage: 2 },
} as const;
/** A rate-limit service that takes longer does not answer, in milliseconds. */
const RATE_LIMIT_TIMEOUT = 100;

/** A control plane that is away must not hold requests up for long. */
const ON_DEMAND = { source: ads(), timeout: duration(1000) };

const NAME = "envoy.filters.network.http_connection_manager";

type Init = MessageInitShape<typeof HttpConnectionManagerSchema>;

/**
 * A connection manager that asks for its routes by name.
 *
 * @param onDemand a request to a cluster that the sidecar does not have waits until the control plane has been asked for it
 */
export function routedBy(table: string, onDemand = false): Filter {
  return manager(
    {
      statPrefix: `outbound_${table}`,
      routeSpecifier: { case: "rds", value: { routeConfigName: table, configSource: ads() } },
      // Of a name that is written out in full, which every table would else have to hold a second time.
      stripTrailingHostDot: true,
    },
    [
      filter(CORS_FILTER, pack(CorsSchema, {})),
      filter(FAULT_FILTER, pack(HTTPFaultSchema, {})),
      filter(RATE_LIMIT_FILTER, pack(LocalRateLimitSchema, { statPrefix: RATE_LIMIT_STATS })),
      askingFilter("Allow"),
      askingFilter("Deny"),
      filter(AFFINITY_FILTER, pack(StatefulSessionSchema, {})),
      ...(onDemand ? [filter("envoy.filters.http.on_demand", pack(OnDemandSchema, { odcds: ON_DEMAND }))] : []),
    ],
  );
}

/** A connection manager that sends everything by one route: what the sidecar of a service does with its callers. */
export function routedTo(statPrefix: string, route: Route, filters: readonly HttpFilter[]): Filter {
  const virtualHosts = [{ name: statPrefix, domains: ["*"], routes: [route] }];
  return manager(
    { statPrefix, routeSpecifier: { case: "routeConfig", value: { name: statPrefix, virtualHosts } } },
    filters,
  );
}

/** A connection manager whose filters answer every request that they know; others get 404. */
export function answeredBy(statPrefix: string, filters: readonly HttpFilter[]): Filter {
  const virtualHosts = [{ name: statPrefix, domains: ["*"], routes: [] }];
  return manager(
    { statPrefix, routeSpecifier: { case: "routeConfig", value: { name: statPrefix, virtualHosts } } },
    filters,
  );
}

function askingFilter(failureMode: keyof typeof RATE_LIMIT_SERVICE): HttpFilter {
  const { filter: name, stage } = RATE_LIMIT_SERVICE[failureMode];
  return filter(
    name,
    pack(RateLimitSchema, {
      domain: "heddle",
      stage,
      timeout: duration(RATE_LIMIT_TIMEOUT),
      ...(failureMode === "Deny" && { failureModeDeny: true, statusOnError: { code: StatusCode.ServiceUnavailable } }),
      // Envoy takes a cluster that is not there, and then the failure mode decides.
      rateLimitService: {
        transportApiVersion: ApiVersion.V3,
        grpcService: { targetSpecifier: { case: "envoyGrpc", value: { clusterName: RATE_LIMIT_CLUSTER } } },
      },
      enableXRatelimitHeaders: RateLimit_XRateLimitHeadersRFCVersion.DRAFT_VERSION_03,
    }),
  );
}

function filter(name: string, typedConfig: Any): HttpFilter {
  return create(HttpFilterSchema, { name, configType: { case: "typedConfig", value: typedConfig } });
}

function manager(
  init: Pick<Exclude<Init, undefined>, "statPrefix" | "routeSpecifier" | "stripTrailingHostDot">,
  filters: readonly HttpFilter[] = [],
): Filter {
  const typedConfig = pack(HttpConnectionManagerSchema, {
    ...init,
    codecType: HttpConnectionManager_CodecType.AUTO,
    // A path that is not normal could get past a rule that is written for the normal one.
    normalizePath: true,
    // Streams live as long as their route's timeout lets them; idle ones are the application's affair.
    streamIdleTimeout: duration(0),
    useRemoteAddress: false,
    serverHeaderTransformation: HttpConnectionManager_ServerHeaderTransformation.PASS_THROUGH,
    upgradeConfigs: [{ upgradeType: "websocket" }],
    httpFilters: [
      ...filters,
      {
        name: "envoy.filters.http.router",
        configType: { case: "typedConfig", value: pack(RouterSchema, {}) },
      },
    ],
  });
  return create(FilterSchema, { name: NAME, configType: { case: "typedConfig", value: typedConfig } });
}
