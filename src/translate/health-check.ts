import { create } from "@bufbuild/protobuf";
import type { HealthCheck as PolicyCheck } from "../api/traffic-policy.ts";
import { type HealthCheck, HealthCheckSchema } from "../gen/envoy/config/core/v3/health_check_pb.ts";
import { duration } from "./envoy.ts";

/** Of the interval, so that a thousand sidecars do not ask at the same moment. */
const JITTER_PERCENT = 20;

/** An endpoint takes traffic only while it is ready *and* passes the sidecar's own checks. */
export function activeCheck(policy: PolicyCheck, hostname: string): HealthCheck {
  const { interval, timeout, unhealthyThreshold, healthyThreshold } = policy;
  return create(HealthCheckSchema, {
    interval: duration(interval),
    // Envoy's own is a minute where no request was sent yet: a failover would find out too late.
    noTrafficInterval: duration(interval),
    timeout: duration(timeout),
    intervalJitterPercent: JITTER_PERCENT,
    unhealthyThreshold,
    healthyThreshold,
    healthChecker: checker(policy, hostname),
  });
}

function checker({ http, grpc }: PolicyCheck, hostname: string): HealthCheck["healthChecker"] {
  const init = create(HealthCheckSchema, {
    healthChecker: http
      ? {
          case: "httpHealthCheck",
          value: {
            path: http.path,
            host: http.host ?? hostname,
            expectedStatuses: [{ start: BigInt(http.expectedStatus), end: BigInt(http.expectedStatus + 1) }],
          },
        }
      : grpc
        ? { case: "grpcHealthCheck", value: { serviceName: grpc.service ?? "" } }
        : { case: "tcpHealthCheck", value: {} },
  });
  return init.healthChecker;
}
