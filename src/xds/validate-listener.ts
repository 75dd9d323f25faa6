/** What Envoy refuses in listeners although their proto allows it. */
import type { FieldPath } from "../base/field-path.ts";
import { type CidrRange, SocketAddress_Protocol } from "../gen/envoy/config/core/v3/address_pb.ts";
import {
  type FilterChain,
  type FilterChainMatch,
  FilterChainMatchSchema,
  FilterChainSchema,
} from "../gen/envoy/config/listener/v3/listener_components_pb.ts";
import { type Listener, ListenerSchema } from "../gen/envoy/config/listener/v3/listener_pb.ts";
import { HttpConnectionManagerSchema } from "../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { checkIpAddress, rangeKey } from "./validate-address.ts";
import { type Findings, hasFields } from "./validate-findings.ts";
import { checkUpgrades } from "./validate-route.ts";
import { typeNameOf } from "./validate-rules.ts";
import { typeCheck } from "./validate-walk.ts";

export const LISTENER_CHECKS = [
  typeCheck(ListenerSchema, (listener, found) => {
    checkIpAddress(listener.address, ["address"], found);
    for (const [index, { address }] of listener.additionalAddresses.entries()) {
      checkIpAddress(address, ["additional_addresses", index, "address"], found);
    }
    checkChains(listener, found);
  }),
  typeCheck(FilterChainMatchSchema, checkMatch),
  typeCheck(FilterChainSchema, ({ filters }, found) => checkOrder(filters, NETWORK_FILTERS, "filters", found)),
  typeCheck(HttpConnectionManagerSchema, ({ httpFilters, upgradeConfigs }, found) => {
    checkOrder(httpFilters, HTTP_FILTERS, "http_filters", found);
    checkUpgrades(upgradeConfigs, found);
    for (const [index, { filters }] of upgradeConfigs.entries()) {
      found.enter("upgrade_configs");
      found.enter(index);
      checkOrder(filters, HTTP_FILTERS, "filters", found);
      found.leave();
      found.leave();
    }
  }),
];

/** Filters of which it is known whether they end a chain. Others are not judged. */
interface FilterKinds {
  readonly terminal: RegExp;
  readonly passing: RegExp;
}

const NETWORK_FILTERS: FilterKinds = {
  terminal:
    /^envoy\.extensions\.filters\.network\.(tcp_proxy\.v3\.TcpProxy|http_connection_manager\.v3\.HttpConnectionManager)$/,
  passing: /^envoy\.extensions\.filters\.network\.(rbac|connection_limit)\./,
};

const HTTP_FILTERS: FilterKinds = {
  terminal: /^envoy\.extensions\.filters\.http\.router\.v3\.Router$/,
  passing:
    /^envoy\.extensions\.filters\.http\.(adaptive_concurrency|admission_control|cors|ext_authz|fault|grpc_stats|jwt_authn|local_ratelimit|on_demand|ratelimit|rbac|stateful_session)\./,
};

interface AnyFilter {
  readonly configType: { readonly case: string | undefined; readonly value?: unknown };
}

function checkOrder(filters: readonly AnyFilter[], kinds: FilterKinds, field: string, found: Findings): void {
  for (const [index, { configType }] of filters.entries()) {
    const last = index === filters.length - 1;
    const type = filterType(configType);
    if (kinds.terminal.test(type) && !last) found.add(`${type} must be the last filter`, [field, index]);
    if (kinds.passing.test(type) && last)
      found.add(`${type} must not be the last filter: it ends no chain`, [field, index]);
  }
}

function filterType({ case: kind, value }: AnyFilter["configType"]): string {
  if (kind !== "typedConfig" || !hasFields(value) || typeof value["typeUrl"] !== "string") return "";
  return typeNameOf({ typeUrl: value["typeUrl"] });
}

function checkMatch(match: FilterChainMatch, found: Findings): void {
  const ranges = [
    ["prefix_ranges", match.prefixRanges],
    ["source_prefix_ranges", match.sourcePrefixRanges],
    ["direct_source_prefix_ranges", match.directSourcePrefixRanges],
  ] as const;
  for (const [field, list] of ranges) {
    for (const [index, range] of list.entries()) {
      if (rangeKey(range) === undefined) found.add("must be an IP address", [field, index, "address_prefix"]);
    }
  }
  for (const [index, name] of match.serverNames.entries()) {
    if (name.replace(/^\*\./, "").includes("*")) {
      found.add("may hold a * only as its whole first label, as in *.example.com", ["server_names", index]);
    }
  }
  if (match.addressSuffix !== "" || match.suffixLen !== undefined)
    found.add("Envoy does not match on address suffixes");
}

function checkChains(listener: Listener, found: Findings): void {
  const { filterChains, defaultFilterChain, filterChainMatcher, address } = listener;
  const isUdp =
    address?.address.case === "socketAddress" && address.address.value.protocol === SocketAddress_Protocol.UDP;
  if (filterChains.length === 0 && !defaultFilterChain && !isUdp) {
    found.add("needs at least one filter chain, or a default_filter_chain", ["filter_chains"]);
  }
  // With a matcher, chains are chosen by name.
  if (!filterChainMatcher) checkDistinct(filterChains, found);
}

/** Two chains that could match one connection equally well are refused; the default chain stands apart. */
function checkDistinct(chains: readonly FilterChain[], found: Findings): void {
  const owners = new Map<string, number>();
  for (const [index, { filterChainMatch }] of chains.entries()) {
    const clash = matchKeys(filterChainMatch)
      .map((key) => owners.get(key) ?? (owners.set(key, index), index))
      .find((owner) => owner !== index);
    if (clash === undefined) continue;
    const at: FieldPath = ["filter_chains", index, "filter_chain_match"];
    found.add(`matches what filter_chains[${clash}] matches`, at);
  }
}

/** One text for each combination of criteria; a criterion that is left open counts as a value of its own. */
function matchKeys(match: FilterChainMatch | undefined): readonly string[] {
  if (!match) return [NO_MATCH];
  const ranges = (list: readonly CidrRange[]): string[] => list.map((range) => rangeKey(range) ?? range.addressPrefix);
  const criteria: readonly (readonly (string | number)[])[] = [
    match.destinationPort === undefined ? [] : [match.destinationPort],
    ranges(match.prefixRanges),
    match.serverNames.map((name) => name.toLowerCase()),
    match.transportProtocol === "" ? [] : [match.transportProtocol],
    match.applicationProtocols,
    ranges(match.directSourcePrefixRanges),
    [match.sourceType],
    ranges(match.sourcePrefixRanges),
    match.sourcePorts,
  ];
  return criteria.reduce<string[]>(
    (keys, values) => keys.flatMap((key) => (values.length === 0 ? ["*"] : values).map((value) => `${key}${value} `)),
    [""],
  );
}

/** The key of a chain without criteria. */
const NO_MATCH = "* * * * * * 0 * * ";
