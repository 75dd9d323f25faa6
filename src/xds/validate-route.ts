/** What Envoy refuses in route tables although their proto allows it. */
import { regexProblem } from "../base/regex.ts";
import type { HeaderValueOption } from "../gen/envoy/config/core/v3/base_pb.ts";
import { RouteConfigurationSchema, type RouteConfiguration } from "../gen/envoy/config/route/v3/route_pb.ts";
import {
  type Route,
  RouteActionSchema,
  RetryPolicySchema,
  RouteSchema,
  VirtualHostSchema,
  WeightedCluster_ClusterWeightSchema,
  WeightedClusterSchema,
} from "../gen/envoy/config/route/v3/route_components_pb.ts";
import { RegexMatcherSchema } from "../gen/envoy/type/matcher/v3/regex_pb.ts";
import type { Findings } from "./validate-findings.ts";
import { typeCheck } from "./validate-walk.ts";

const MAX_UINT32 = 0xffff_ffff;
/** Envoy's default of `max_direct_response_body_size_bytes`. */
const MAX_BODY = 4096;

export const ROUTE_CHECKS = [
  typeCheck(RouteConfigurationSchema, (table, found) => {
    checkDomains(table, found);
    checkHeaders(table, found);
    checkBodies(table, found);
  }),
  typeCheck(VirtualHostSchema, checkHeaders),
  typeCheck(RouteSchema, checkHeaders),
  typeCheck(WeightedCluster_ClusterWeightSchema, (weight, found) => {
    checkHeaders(weight, found);
    if ((weight.name === "") === (weight.clusterHeader === "")) found.add("needs either a name or a cluster_header");
  }),
  typeCheck(WeightedClusterSchema, ({ clusters }, found) => {
    const total = clusters.reduce((sum, { weight = 0 }) => sum + weight, 0);
    if (total === 0 || total > MAX_UINT32)
      found.add(`weights must sum up to 1 to ${MAX_UINT32}, not ${total}`, ["clusters"]);
  }),
  typeCheck(RouteActionSchema, (action, found) => {
    const { prefixRewrite, regexRewrite, pathRewritePolicy, requestMirrorPolicies, upgradeConfigs } = action;
    const rewrites = [prefixRewrite !== "", regexRewrite, pathRewritePolicy].filter(Boolean).length;
    if (rewrites > 1) found.add("must have only one of prefix_rewrite, regex_rewrite and path_rewrite_policy");
    for (const [index, { cluster, clusterHeader }] of requestMirrorPolicies.entries()) {
      if ((cluster === "") === (clusterHeader === "")) {
        found.add("needs either a cluster or a cluster_header", ["request_mirror_policies", index]);
      }
    }
    checkUpgrades(upgradeConfigs, found);
  }),
  typeCheck(RetryPolicySchema, ({ retryBackOff }, found) => {
    const { baseInterval: base, maxInterval: max } = retryBackOff ?? {};
    if (base && max && (max.seconds < base.seconds || (max.seconds === base.seconds && max.nanos < base.nanos))) {
      found.add("must not be shorter than base_interval", ["retry_back_off", "max_interval"]);
    }
  }),
  typeCheck(RegexMatcherSchema, ({ regex }, found) => {
    const problem = regexProblem(regex);
    if (problem !== undefined) found.add(`is no regular expression of RE2: it ${problem}`, ["regex"]);
  }),
];

/** Upgrade types are told apart without regard to case, and named once. */
export function checkUpgrades(upgrades: readonly { readonly upgradeType: string }[], found: Findings): void {
  const seen = new Set<string>();
  for (const [index, { upgradeType }] of upgrades.entries()) {
    const type = upgradeType.toLowerCase();
    if (seen.has(type)) found.add(`names ${upgradeType} a second time`, ["upgrade_configs", index]);
    seen.add(type);
  }
}

/** Of one table, each domain belongs to one virtual host; letter case does not count. */
function checkDomains({ virtualHosts }: RouteConfiguration, found: Findings): void {
  const owners = new Map<string, string>();
  for (const [index, { name, domains }] of virtualHosts.entries()) {
    for (const [nth, domain] of domains.entries()) {
      const key = domain.toLowerCase();
      const owner = owners.get(key);
      if (owner === undefined) owners.set(key, name);
      else found.add(`${domain} is already a domain of ${owner}`, ["virtual_hosts", index, "domains", nth]);
    }
  }
}

function checkBodies(
  { virtualHosts, maxDirectResponseBodySizeBytes: max = MAX_BODY }: RouteConfiguration,
  found: Findings,
) {
  for (const [index, { routes }] of virtualHosts.entries()) {
    for (const [nth, route] of routes.entries()) {
      const size = bodySize(route);
      if (size <= max) continue;
      found.add(`must have at most ${max} bytes, not ${size}`, [
        "virtual_hosts",
        index,
        "routes",
        nth,
        "direct_response",
        "body",
      ]);
    }
  }
}

function bodySize({ action }: Route): number {
  if (action.case !== "directResponse") return 0;
  const source = action.value.body?.specifier;
  if (source?.case === "inlineString") return Buffer.byteLength(source.value);
  return source?.case === "inlineBytes" ? source.value.length : 0;
}

interface HeaderChanges {
  readonly requestHeadersToAdd: readonly HeaderValueOption[];
  readonly requestHeadersToRemove: readonly string[];
  readonly responseHeadersToAdd: readonly HeaderValueOption[];
  readonly responseHeadersToRemove: readonly string[];
}

function checkHeaders(changes: HeaderChanges, found: Findings): void {
  checkAdded(changes.requestHeadersToAdd, "request_headers_to_add", found);
  checkAdded(changes.responseHeadersToAdd, "response_headers_to_add", found);
  checkRemoved(changes.requestHeadersToRemove, "request_headers_to_remove", found);
  checkRemoved(changes.responseHeadersToRemove, "response_headers_to_remove", found);
}

function checkAdded(headers: readonly HeaderValueOption[], field: string, found: Findings): void {
  for (const [index, { header }] of headers.entries()) {
    if (!header) continue;
    if (isFixed(header.key)) found.add(`${header.key} cannot be set here`, [field, index, "header", "key"]);
    const rest = header.value.replace(FORMAT, "");
    if (rest.includes("%")) {
      found.add("has a % that begins no command such as %PROTOCOL%; write %% for the sign itself", [
        field,
        index,
        "header",
        "value",
      ]);
    }
  }
}

/** `%%`, or a command with arguments and a length limit, as in `%REQ(x-user?x-id):20%`. */
const FORMAT = /%%|%[A-Z_0-9]+(\([^)]*\))?(:\d+)?%/g;

function checkRemoved(names: readonly string[], field: string, found: Findings): void {
  for (const [index, name] of names.entries()) {
    if (isFixed(name)) found.add(`${name} cannot be removed`, [field, index]);
  }
}

function isFixed(name: string): boolean {
  return name.startsWith(":") || name.toLowerCase() === "host";
}
