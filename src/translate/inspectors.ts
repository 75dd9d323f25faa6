/** Listener filters that look at a connection before a filter chain is chosen. */
import { create } from "@bufbuild/protobuf";
import {
  type ListenerFilter,
  type ListenerFilterChainMatchPredicate,
  ListenerFilterChainMatchPredicateSchema,
  ListenerFilterSchema,
} from "../gen/envoy/config/listener/v3/listener_components_pb.ts";
import { HttpInspectorSchema } from "../gen/envoy/extensions/filters/listener/http_inspector/v3/http_inspector_pb.ts";
import { OriginalDstSchema } from "../gen/envoy/extensions/filters/listener/original_dst/v3/original_dst_pb.ts";
import { TlsInspectorSchema } from "../gen/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.ts";
import { pack } from "./envoy.ts";

/** What http_inspector finds in a connection that is HTTP. */
export const HTTP_PROTOCOLS = ["http/1.0", "http/1.1", "h2c"];

/** Takes the address from before the capture as the connection's destination. */
export function originalDst(): ListenerFilter {
  return create(ListenerFilterSchema, {
    name: "envoy.filters.listener.original_dst",
    configType: { case: "typedConfig", value: pack(OriginalDstSchema, {}) },
  });
}

/** Tells TLS from plaintext, on the ports that are given only. */
export function tlsInspector(ports: readonly number[]): ListenerFilter[] {
  return onPorts(ports, {
    name: "envoy.filters.listener.tls_inspector",
    configType: { case: "typedConfig", value: pack(TlsInspectorSchema, {}) },
  });
}

/** Tells HTTP from anything else; on all ports where none are given. */
export function httpInspector(ports?: readonly number[]): ListenerFilter[] {
  const filter = {
    name: "envoy.filters.listener.http_inspector",
    configType: { case: "typedConfig" as const, value: pack(HttpInspectorSchema, {}) },
  };
  return ports ? onPorts(ports, filter) : [create(ListenerFilterSchema, filter)];
}

type FilterInit = {
  readonly name: string;
  readonly configType: { case: "typedConfig"; value: ReturnType<typeof pack> };
};

/**
 * An inspector waits for the client's first bytes. On a port where the server speaks first they never come, so inspectors
 * run only where they are needed.
 */
function onPorts(ports: readonly number[], filter: FilterInit): ListenerFilter[] {
  if (ports.length === 0) return [];
  const rules = ports.map(portPredicate);
  const any = rules.length === 1 ? rules[0]! : predicate({ case: "orMatch", value: { rules } });
  return [create(ListenerFilterSchema, { ...filter, filterDisabled: predicate({ case: "notMatch", value: any }) })];
}

type Rule = NonNullable<Parameters<typeof create<typeof ListenerFilterChainMatchPredicateSchema>>[1]>["rule"];

function predicate(rule: NonNullable<Rule>): ListenerFilterChainMatchPredicate {
  return create(ListenerFilterChainMatchPredicateSchema, { rule });
}

function portPredicate(port: number): ListenerFilterChainMatchPredicate {
  return predicate({ case: "destinationPortRange", value: { start: port, end: port + 1 } });
}
