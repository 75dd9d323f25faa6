/** What a route does to a request beside sending it somewhere, a line each. */
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { anyUnpack, type Duration } from "@bufbuild/protobuf/wkt";
import type { Route, RouteAction, RetryPolicy } from "../gen/envoy/config/route/v3/route_components_pb.ts";
import { CorsPolicySchema } from "../gen/envoy/extensions/filters/http/cors/v3/cors_pb.ts";
import { LocalRateLimitSchema } from "../gen/envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit_pb.ts";
import { StatefulSessionPerRouteSchema } from "../gen/envoy/extensions/filters/http/stateful_session/v3/stateful_session_pb.ts";
import { CookieBasedSessionStateSchema } from "../gen/envoy/extensions/http/stateful_session/cookie/v3/cookie_pb.ts";
import { HeaderBasedSessionStateSchema } from "../gen/envoy/extensions/http/stateful_session/header/v3/header_pb.ts";
import { HTTPFaultSchema, type HTTPFault } from "../gen/envoy/extensions/filters/http/fault/v3/fault_pb.ts";
import type { HeaderValueOption } from "../gen/envoy/config/core/v3/base_pb.ts";
import { type FractionalPercent, FractionalPercent_DenominatorType as Of } from "../gen/envoy/type/v3/percent_pb.ts";
import { comparisonOf } from "./comparison.ts";
import type { Request } from "./request.ts";

export function effectsOf(route: Route): readonly string[] {
  const fault = settingOf(route, HTTPFaultSchema);
  return [
    ...(fault ? faultWords(fault) : []),
    ...affinityWords(route),
    ...edits("request", route.requestHeadersToAdd, route.requestHeadersToRemove),
    ...edits("answer", route.responseHeadersToAdd, route.responseHeadersToRemove),
    ...rateLimitWords(route),
    ...(settingOf(route, CorsPolicySchema) ? ["web pages of some other origins may call (CORS)"] : []),
    ...(route.action.case === "route" ? forwarding(route.action.value) : []),
  ];
}

/** Whether the CORS filter answers the request: a browser asks beforehand, from an origin that may call. */
export function isPreflight(route: Route, { method, headers }: Request): boolean {
  const origin = headers.get("origin")?.join() ?? "";
  const asked = headers.get("access-control-request-method")?.join() ?? "";
  if (method !== "OPTIONS" || origin === "" || asked === "") return false;
  return (
    settingOf(route, CorsPolicySchema)?.allowOriginStringMatch.some((allowed) => comparisonOf(allowed).holds(origin)) ??
    false
  );
}

/** The status that every request is answered with, in place of being sent on; undefined where that is not so. */
export function alwaysAborts(settings: Settings): number | undefined {
  const abort = settingOf(settings, HTTPFaultSchema)?.abort;
  return abort?.errorType.case === "httpStatus" && percentOf(abort.percentage) === "100%"
    ? abort.errorType.value
    : undefined;
}

type Settings = Pick<Route, "typedPerFilterConfig">;

/** What the route tells one of the filters. */
function settingOf<S extends DescMessage>({ typedPerFilterConfig }: Settings, schema: S): MessageShape<S> | undefined {
  const settings = Object.values(typedPerFilterConfig).map((any) => anyUnpack(any, schema));
  return settings.find((found) => found !== undefined);
}

function rateLimitWords(route: Route): readonly string[] {
  const bucket = settingOf(route, LocalRateLimitSchema)?.tokenBucket;
  if (!bucket?.fillInterval) return [];
  const { maxTokens, tokensPerFill = 1, fillInterval } = bucket;
  const burst = maxTokens > tokensPerFill ? `, ${maxTokens} at once` : "";
  return [`more than ${tokensPerFill} requests in ${time(fillInterval)}${burst} are answered 429`];
}

function faultWords({ delay, abort }: HTTPFault): readonly string[] {
  const words: string[] = [];
  if (delay?.faultDelaySecifier.case === "fixedDelay") {
    words.push(`${percentOf(delay.percentage)} of the requests wait ${time(delay.faultDelaySecifier.value)} first`);
  }
  if (abort?.errorType.case === "httpStatus") {
    words.push(`${percentOf(abort.percentage)} of the requests are answered ${abort.errorType.value} by a fault`);
  }
  return words;
}

/** Which header or cookie tells the endpoint that a session stays with. */
function affinityWords(route: Route): readonly string[] {
  const override = settingOf(route, StatefulSessionPerRouteSchema)?.override;
  if (override?.case !== "statefulSession") return [];
  const { sessionState, strict } = override.value;
  const state = sessionState?.typedConfig;
  const cookie = state && anyUnpack(state, CookieBasedSessionStateSchema)?.cookie?.name;
  const header = state && anyUnpack(state, HeaderBasedSessionStateSchema)?.name;
  const where = cookie === undefined ? `header ${header ?? ""}` : `cookie ${cookie}`;
  return [`${where} names the endpoint that a session stays with${strict ? ", or gets 503 where it is gone" : ""}`];
}

function edits(what: string, added: readonly HeaderValueOption[], removed: readonly string[]): readonly string[] {
  const names = added.flatMap(({ header }) => header?.key ?? []);
  return [
    ...(names.length > 0 ? [`${what} headers set or added: ${names.join(", ")}`] : []),
    ...(removed.length > 0 ? [`${what} headers removed: ${removed.join(", ")}`] : []),
  ];
}

function forwarding({ timeout, retryPolicy, clusterSpecifier, hashPolicy }: RouteAction): readonly string[] {
  const sticky = clusterSpecifier.case === "weightedClusters" && clusterSpecifier.value.randomValueSpecifier.case;
  return [
    ...(timeout && (timeout.seconds > 0n || timeout.nanos > 0) ? [`gives up after ${time(timeout)}`] : []),
    ...(retryPolicy ? [retryWords(retryPolicy)] : []),
    ...(sticky === "useHashPolicy" ? [sideWords(hashPolicy)] : []),
  ];
}

function sideWords([key]: RouteAction["hashPolicy"]): string {
  const name = key ? keyOf(key) : "caller";
  // Users without the cookie: see `translate/anonymous.ts`.
  if (name === "header x-request-id") return "a random side of the split, which a cookie of the answer remembers";
  return `one side of the split for one ${name}`;
}

function retryWords({ numRetries, retryOn, perTryTimeout, retriableStatusCodes }: RetryPolicy): string {
  const times = numRetries === 1 ? "once more" : `up to ${numRetries} times more`;
  const codes = retriableStatusCodes.length > 0 ? ` (${retriableStatusCodes.join(", ")})` : "";
  const each = perTryTimeout ? `, each try at most ${time(perTryTimeout)}` : "";
  return `tries ${times} on ${retryOn.replaceAll(",", ", ")}${codes}${each}`;
}

function keyOf({ policySpecifier: { case: kind, value } }: RouteAction["hashPolicy"][number]): string {
  if (kind === "header") return `header ${value.headerName}`;
  if (kind === "cookie" || kind === "queryParameter")
    return `${kind === "cookie" ? kind : "query parameter"} ${value.name}`;
  return "source address";
}

/** `2s`, `250ms`. */
function time({ seconds, nanos }: Duration): string {
  const ms = Number(seconds) * 1000 + Math.round(nanos / 1e6);
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}

const WHOLE: Readonly<Partial<Record<Of, number>>> = { [Of.TEN_THOUSAND]: 1e4, [Of.MILLION]: 1e6 };

/** `12.5%`; all where nothing is given. */
export function percentOf(part: FractionalPercent | undefined): string {
  return part ? `${Number(((100 * part.numerator) / (WHOLE[part.denominator] ?? 100)).toFixed(4))}%` : "100%";
}
