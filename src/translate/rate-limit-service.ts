/** Limits that a rate-limit service counts: what it is asked, and the cluster that leads to it. */
import { create } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import type { RateLimit as PolicyLimit, RateLimitService } from "../api/traffic-policy.ts";
import {
  type Cluster,
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
  ClusterSchema,
} from "../gen/envoy/config/cluster/v3/cluster_pb.ts";
import type { ClusterLoadAssignment } from "../gen/envoy/config/endpoint/v3/endpoint_pb.ts";
import { type RateLimit, RateLimitSchema } from "../gen/envoy/config/route/v3/route_components_pb.ts";
import { RateLimitPerRouteSchema } from "../gen/envoy/extensions/filters/http/ratelimit/v3/rate_limit_pb.ts";
import { backendKey } from "../model/backend.ts";
import type { AskedService, ServiceOfPort } from "../model/rate-limit-service.ts";
import type { MeshSnapshot, ServiceDefinition, Workload } from "../model/snapshot.ts";
import { closenessOf } from "./closeness.ts";
import { endpointsOf } from "./endpoints.ts";
import type { Memo } from "./memo.ts";
import { circuitBreakers } from "./circuit-breaker.ts";
import { RATE_LIMIT_SERVICE } from "./connection-manager.ts";
import { ads, duration, pack } from "./envoy.ts";
import { outboundCluster, RATE_LIMIT_CLUSTER } from "./names.ts";
import { protocolOptions } from "./protocol-options.ts";

const CONNECT_TIMEOUT_MS = 1000;

/**
 * What is told of a request on a route of a service's policy; nothing where it has no limit that a service counts, or names another
 * service than the one that is asked, which would count it as something else.
 */
export function askedLimits(
  { policy }: ServiceDefinition,
  limit: PolicyLimit | undefined,
  asked: AskedService | undefined,
  caller: Workload,
): RateLimit[] {
  if (!policy || !limit?.service || !asked || asked.port !== limit.service.port) return [];
  if (asked.key !== backendKey(policy.namespace, limit.service.name)) return [];
  const { descriptors = [], failureMode } = limit.service;
  return [
    create(RateLimitSchema, {
      stage: RATE_LIMIT_SERVICE[failureMode].stage,
      actions: [
        ...descriptors.map(({ key, value }) => constant(key, value)),
        ...(limit.by ?? []).map(({ header }) => {
          if (header === undefined) return constant("caller", callerName(caller));
          const name = header.toLowerCase();
          const value = { headerName: name, descriptorKey: name };
          return { actionSpecifier: { case: "requestHeaders" as const, value } };
        }),
      ],
    }),
  ];
}

/** What of a caller is told for these limits; "" where nothing is. */
export function toldOf(limits: readonly PolicyLimit[], caller: Workload): string {
  return limits.some(({ service, by }) => service && by?.some((key) => key.caller)) ? callerName(caller) : "";
}

function callerName({ namespace, serviceAccount }: Workload): string {
  return `${namespace}/${serviceAccount}`;
}

function constant(descriptorKey: string, descriptorValue: string) {
  return { actionSpecifier: { case: "genericKey" as const, value: { descriptorKey, descriptorValue } } };
}

export function askedDomain({ domain }: RateLimitService): Any {
  return pack(RateLimitPerRouteSchema, { domain });
}

/** Under its fixed name the endpoints of whichever service policies name. */
export function rateLimitCluster({ service, port }: ServiceOfPort): Cluster {
  return create(ClusterSchema, {
    name: RATE_LIMIT_CLUSTER,
    clusterDiscoveryType: { case: "type", value: Cluster_DiscoveryType.EDS },
    edsClusterConfig: { edsConfig: ads(), serviceName: outboundCluster(service, port.port) },
    connectTimeout: duration(CONNECT_TIMEOUT_MS),
    lbPolicy: Cluster_LbPolicy.LEAST_REQUEST,
    commonLbConfig: { healthyPanicThreshold: { value: 0 } },
    circuitBreakers: circuitBreakers(),
    typedExtensionProtocolOptions: protocolOptions("GRPC"),
  });
}

/** The endpoints that the cluster asks for, as a caller in its place sees them. */
export function rateLimitEndpoints(
  { services }: MeshSnapshot,
  { service: { key }, port }: ServiceOfPort,
  caller: Workload,
  memo: Memo,
): readonly ClusterLoadAssignment[] {
  const service = services.get(key)!;
  const closeness = closenessOf(service, caller);
  return memo.of(service, `rate-limit-endpoints/${port.port}/${closeness.key}`, [], () =>
    endpointsOf(service, port, closeness).slice(0, 1),
  );
}
