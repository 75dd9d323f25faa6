/**
 * What stock Envoy refuses of resources that keep the rules of their protos, by type. Each check was seen to agree with
 * Envoy itself (test/envoy/validate-agrees.test.ts); what Envoy accepts, however odd, is not refused here.
 */
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { CLUSTER_CHECKS } from "./validate-cluster.ts";
import { ENDPOINT_CHECKS } from "./validate-endpoint.ts";
import { LISTENER_CHECKS } from "./validate-listener.ts";
import { ROUTE_CHECKS } from "./validate-route.ts";
import { TLS_CHECKS } from "./validate-tls.ts";
import { typeCheck, type TypeChecks } from "./validate-walk.ts";

/** Envoy counts in signed 64-bit nanoseconds. */
const MAX_SECONDS = 9_223_372_035n;

const DURATION_CHECK = typeCheck(DurationSchema, ({ seconds, nanos }, found) => {
  if (seconds < 0n || nanos < 0 || nanos > 999_999_999) found.add("must not be negative");
  else if (seconds > MAX_SECONDS) found.add(`must be at most ${MAX_SECONDS}s`);
});

export const SEMANTIC_CHECKS: TypeChecks = new Map([
  DURATION_CHECK,
  ...CLUSTER_CHECKS,
  ...ENDPOINT_CHECKS,
  ...LISTENER_CHECKS,
  ...ROUTE_CHECKS,
  ...TLS_CHECKS,
]);
