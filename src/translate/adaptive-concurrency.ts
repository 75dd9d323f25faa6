/**
 * How many requests an application gets at once, found out from how long it takes. The filter has no settings a route and is none of
 * a cluster's, so it is an extension that each inbound connection manager asks for by name: its listener never changes. See ADR 9.
 */
import { create } from "@bufbuild/protobuf";
import type { AdaptiveConcurrency } from "../api/traffic-policy.ts";
import { type TypedExtensionConfig, TypedExtensionConfigSchema } from "../gen/envoy/config/core/v3/extension_pb.ts";
import { AdaptiveConcurrencySchema } from "../gen/envoy/extensions/filters/http/adaptive_concurrency/v3/adaptive_concurrency_pb.ts";
import { CorsSchema } from "../gen/envoy/extensions/filters/http/cors/v3/cors_pb.ts";
import {
  type HttpFilter,
  HttpFilterSchema,
} from "../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { ads, duration, pack } from "./envoy.ts";
import { inboundCluster } from "./names.ts";

const TYPE = "type.googleapis.com";

function nameOf(port: number): string {
  return `${inboundCluster(port)}adaptive_concurrency`;
}

/** Does nothing without a route that gives it settings, and inbound routes give none. */
const nothing = () => pack(CorsSchema, {});

/** The place in an inbound connection manager. It does not wait for what is asked for: without, nothing is limited. */
export function adaptivePlace(port: number): HttpFilter {
  return create(HttpFilterSchema, {
    name: nameOf(port),
    configType: {
      case: "configDiscovery",
      value: {
        configSource: ads(),
        defaultConfig: nothing(),
        applyDefaultConfigWithoutWarming: true,
        typeUrls: [`${TYPE}/${AdaptiveConcurrencySchema.typeName}`, `${TYPE}/${CorsSchema.typeName}`],
      },
    },
  });
}

/** What stands in the place: also without a policy, since an Envoy keeps an extension that is taken away. */
export function adaptiveConcurrency(port: number, policy: AdaptiveConcurrency | undefined): TypedExtensionConfig {
  return create(TypedExtensionConfigSchema, {
    name: nameOf(port),
    typedConfig: policy ? gradient(policy) : nothing(),
  });
}

function gradient(policy: AdaptiveConcurrency) {
  const { percentile, updateInterval, maxConcurrency, minLatency } = policy;
  return pack(AdaptiveConcurrencySchema, {
    concurrencyControllerConfig: {
      case: "gradientControllerConfig",
      value: {
        sampleAggregatePercentile: { value: percentile },
        concurrencyLimitParams: {
          maxConcurrencyLimit: maxConcurrency,
          concurrencyUpdateInterval: duration(updateInterval),
        },
        minRttCalcParams: {
          interval: duration(minLatency.interval),
          requestCount: minLatency.requests,
          jitter: { value: minLatency.jitterPercent },
          minConcurrency: minLatency.concurrency,
          buffer: { value: minLatency.tolerancePercent },
        },
      },
    },
  });
}
