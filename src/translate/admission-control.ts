/**
 * Requests that are not sent to a service that fails. As a filter of the cluster, so that no listener and no route has to change, and
 * that each cluster is judged by itself.
 */
import { create } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import type { AdmissionControl } from "../api/traffic-policy.ts";
import { AdmissionControlSchema } from "../gen/envoy/extensions/filters/http/admission_control/v3/admission_control_pb.ts";
import { UpstreamCodecSchema } from "../gen/envoy/extensions/filters/http/upstream_codec/v3/upstream_codec_pb.ts";
import {
  type HttpFilter,
  HttpFilterSchema,
} from "../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { duration, pack } from "./envoy.ts";

/** The filters of a cluster's requests; the codec is always the last. */
export function admissionFilters(policy: AdmissionControl): HttpFilter[] {
  const { minSuccessPercent, window, minRequestsPerSecond, aggression, maxRejectPercent } = policy;
  const control = pack(AdmissionControlSchema, {
    evaluationCriteria: {
      case: "successCriteria",
      // What the caller did wrong says nothing of the service. gRPC's own criteria are Envoy's.
      value: { httpCriteria: { httpSuccessStatus: [{ start: 100, end: 500 }] } },
    },
    samplingWindow: duration(window),
    aggression: { defaultValue: aggression, runtimeKey: RUNTIME.aggression },
    srThreshold: { defaultValue: { value: minSuccessPercent }, runtimeKey: RUNTIME.threshold },
    rpsThreshold: { defaultValue: minRequestsPerSecond, runtimeKey: RUNTIME.requests },
    maxRejectionProbability: { defaultValue: { value: maxRejectPercent }, runtimeKey: RUNTIME.rejection },
  });
  return [
    filter("envoy.filters.http.admission_control", control),
    filter("envoy.filters.http.upstream_codec", pack(UpstreamCodecSchema, {})),
  ];
}

/** Envoy refuses runtime values without a key; nobody sets these. */
const RUNTIME = {
  aggression: "heddle.admission_control.aggression",
  threshold: "heddle.admission_control.threshold",
  requests: "heddle.admission_control.requests",
  rejection: "heddle.admission_control.rejection",
} as const;

function filter(name: string, value: Any): HttpFilter {
  return create(HttpFilterSchema, { name, configType: { case: "typedConfig", value } });
}
