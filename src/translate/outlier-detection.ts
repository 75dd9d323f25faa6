import type { MessageInitShape } from "@bufbuild/protobuf";
import type { OutlierDetection } from "../api/traffic-policy.ts";
import type { OutlierDetectionSchema } from "../gen/envoy/config/cluster/v3/outlier_detection_pb.ts";
import { duration } from "./envoy.ts";

/** Envoy's own default, above which a base ejection time is refused. */
const MAX_EJECTION_MS = 300_000;
const DEFAULT_MAX_EJECTION_PERCENT = 50;

/**
 * Ejection of endpoints that fail. What the policy does not name is off: Envoy would otherwise also eject by success rate,
 * which ejects good endpoints of small services.
 */
export function outlierDetection(policy: OutlierDetection): MessageInitShape<typeof OutlierDetectionSchema> {
  const { consecutive5xx, consecutiveGatewayErrors, interval, baseEjectionTime, maxEjectionPercent } = policy;
  const { consecutiveLocalErrors, successRate, failurePercentage } = policy;
  const named = [consecutive5xx, consecutiveGatewayErrors, consecutiveLocalErrors, successRate, failurePercentage].some(
    (kind) => kind !== undefined,
  );
  const fiveHundreds = named ? (consecutive5xx ?? 0) : 5;
  return {
    ...(fiveHundreds > 0 ? { consecutive5xx: fiveHundreds } : {}),
    enforcingConsecutive5xx: fiveHundreds > 0 ? 100 : 0,
    ...(consecutiveGatewayErrors ? { consecutiveGatewayFailure: consecutiveGatewayErrors } : {}),
    enforcingConsecutiveGatewayFailure: consecutiveGatewayErrors ? 100 : 0,
    ...(consecutiveLocalErrors
      ? { splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailure: consecutiveLocalErrors }
      : {}),
    ...(consecutiveLocalErrors
      ? { enforcingConsecutiveLocalOriginFailure: 100, enforcingLocalOriginSuccessRate: 0 }
      : {}),
    enforcingSuccessRate: successRate ? 100 : 0,
    ...(successRate
      ? {
          // Thousandths of a standard deviation.
          successRateStdevFactor: Math.round(successRate.deviations * 1000),
          successRateMinimumHosts: successRate.minEndpoints,
          successRateRequestVolume: successRate.minRequests,
        }
      : {}),
    ...(failurePercentage
      ? {
          enforcingFailurePercentage: 100,
          failurePercentageThreshold: failurePercentage.threshold,
          failurePercentageMinimumHosts: failurePercentage.minEndpoints,
          failurePercentageRequestVolume: failurePercentage.minRequests,
        }
      : {}),
    ...(interval === undefined ? {} : { interval: duration(interval) }),
    ...(baseEjectionTime === undefined
      ? {}
      : {
          baseEjectionTime: duration(baseEjectionTime),
          maxEjectionTime: duration(Math.max(baseEjectionTime, MAX_EJECTION_MS)),
        }),
    maxEjectionPercent: maxEjectionPercent ?? DEFAULT_MAX_EJECTION_PERCENT,
  };
}
