/** From Envoy messages to xDS resources: each message is checked and encoded once, however many proxies are sent it. */
import { type DescMessage, fromBinary, isMessage, type Message, toBinary } from "@bufbuild/protobuf";
import type { Diagnostic } from "../base/diagnostic.ts";
import { diagnostic } from "../base/diagnostic-codes.ts";
import { ClusterSchema } from "../gen/envoy/config/cluster/v3/cluster_pb.ts";
import { ClusterLoadAssignmentSchema } from "../gen/envoy/config/endpoint/v3/endpoint_pb.ts";
import { TypedExtensionConfigSchema } from "../gen/envoy/config/core/v3/extension_pb.ts";
import { ListenerSchema } from "../gen/envoy/config/listener/v3/listener_pb.ts";
import { RouteConfigurationSchema } from "../gen/envoy/config/route/v3/route_pb.ts";
import { SecretSchema } from "../gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts";
import type { ProxyConfig } from "../translate/translate.ts";
import { createResource, type Resource, shortType, type Snapshot } from "../xds/index.ts";
import { validateResource } from "../xds/validate.ts";
import type { Violation } from "../xds/validate-findings.ts";
import { mendRoutes, virtualHostOf } from "./mend-routes.ts";
import { serviceNamedIn } from "./subject.ts";

export interface Encoded {
  readonly resources: readonly Resource[];
  /** What an Envoy would refuse, and is therefore not sent. */
  readonly diagnostics: readonly Diagnostic[];
}

/** @param before what the proxy is served now; of resources that cannot be sent its versions stay */
export type Encoder = (config: ProxyConfig, before?: Snapshot) => Encoded;

interface Entry {
  readonly message: Message;
  readonly typeUrl: string;
  readonly name: string;
  readonly resource: Resource | undefined;
  readonly violations: readonly Violation[];
  readonly diagnostics: readonly Diagnostic[];
}

/** @param onInvalid called once for each message that breaks a rule, with the short name of its type */
export function createEncoder(onInvalid: (type: string) => void): Encoder {
  const entries = new WeakMap<Message, Entry>();

  function entryOf(schema: DescMessage, message: Message, name: string): Entry {
    let entry = entries.get(message);
    if (!entry) {
      entry = encode(schema, message, name);
      if (!entry.resource) onInvalid(shortType(entry.typeUrl));
      entries.set(message, entry);
    }
    return entry;
  }

  return ({ clusters, endpoints, listeners, routes, secrets, extensions }, before) => {
    const all = [
      ...clusters.map((m) => entryOf(ClusterSchema, m, m.name)),
      ...endpoints.map((m) => entryOf(ClusterLoadAssignmentSchema, m, m.clusterName)),
      ...listeners.map((m) => entryOf(ListenerSchema, m, m.name)),
      ...routes.map((m) => entryOf(RouteConfigurationSchema, m, m.name)),
      ...secrets.map((m) => entryOf(SecretSchema, m, m.name)),
      ...extensions.map((m) => entryOf(TypedExtensionConfigSchema, m, m.name)),
    ];
    return {
      resources: all.flatMap((entry) => entry.resource ?? instead(entry, before) ?? []),
      diagnostics: all.flatMap(({ diagnostics }) => diagnostics),
    };
  };
}

function encode(schema: DescMessage, message: Message, name: string): Entry {
  const typeUrl = `type.googleapis.com/${schema.typeName}`;
  const violations = validateResource(typeUrl, message);
  const sendable = violations.length === 0;
  return {
    message,
    typeUrl,
    name,
    violations,
    resource: sendable ? createResource(typeUrl, name, toBinary(schema, message)) : undefined,
    diagnostics: sendable ? [] : describe(typeUrl, message, name, violations),
  };
}

/** What a proxy is served in place of a resource that an Envoy would refuse: as much of it as is good, or the last good one. */
function instead({ message, typeUrl, name, violations }: Entry, before: Snapshot | undefined): Resource | undefined {
  const last = before?.types.get(typeUrl)?.resources.get(name);
  if (!isMessage(message, RouteConfigurationSchema)) return last;
  const lastGood = last && fromBinary(RouteConfigurationSchema, last.bytes);
  const mended = mendRoutes(message, violations, lastGood);
  return mended ? createResource(typeUrl, name, toBinary(RouteConfigurationSchema, mended)) : last;
}

/** One finding for each service whose configuration is wrong. */
function describe(typeUrl: string, message: Message, name: string, violations: readonly Violation[]): Diagnostic[] {
  const hosts = isMessage(message, RouteConfigurationSchema) ? message.virtualHosts : [];
  const placeOf = (violation: Violation): string => hosts[virtualHostOf(violation) ?? -1]?.name ?? "";
  return [...Map.groupBy(violations, placeOf)].map(([host, found]) => {
    const what = `${shortType(typeUrl)} ${name}${host === "" ? "" : `, virtual host ${host}`}`;
    const why = found.map(({ path, message: text }) => (path === "" ? text : `${path}: ${text}`)).join("; ");
    return diagnostic("HED2001", {
      ref: serviceNamedIn(host === "" ? name : host),
      message: `${what}: not sent, since an Envoy would refuse it; sidecars keep the last good version. ${why}`,
    });
  });
}
