/** From Envoy messages to xDS resources: each message is checked and encoded once, however many proxies are sent it. */
import type { DescMessage, Message } from "@bufbuild/protobuf";
import { toBinary } from "@bufbuild/protobuf";
import type { Diagnostic } from "../base/diagnostic.ts";
import { diagnostic } from "../base/diagnostic-codes.ts";
import { ClusterSchema } from "../gen/envoy/config/cluster/v3/cluster_pb.ts";
import { ClusterLoadAssignmentSchema } from "../gen/envoy/config/endpoint/v3/endpoint_pb.ts";
import { ListenerSchema } from "../gen/envoy/config/listener/v3/listener_pb.ts";
import { RouteConfigurationSchema } from "../gen/envoy/config/route/v3/route_pb.ts";
import { SecretSchema } from "../gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts";
import type { ProxyConfig } from "../translate/translate.ts";
import { createResource, type Resource, shortType } from "../xds/index.ts";
import { validateResource } from "../xds/validate.ts";

export interface Encoded {
  readonly resources: readonly Resource[];
  /** Resources that were left out, since an Envoy would refuse them. */
  readonly diagnostics: readonly Diagnostic[];
}

export type Encoder = (config: ProxyConfig) => Encoded;

interface Entry {
  readonly resource: Resource | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** @param onInvalid called once for each message that breaks a rule, with the short name of its type */
export function createEncoder(onInvalid: (type: string) => void): Encoder {
  const entries = new WeakMap<Message, Entry>();

  function entryOf(schema: DescMessage, message: Message, name: string): Entry {
    let entry = entries.get(message);
    if (!entry) {
      entry = encode(schema, message, name);
      if (!entry.resource) onInvalid(shortType(`type.googleapis.com/${schema.typeName}`));
      entries.set(message, entry);
    }
    return entry;
  }

  return ({ clusters, endpoints, listeners, routes, secrets }) => {
    const all = [
      ...clusters.map((m) => entryOf(ClusterSchema, m, m.name)),
      ...endpoints.map((m) => entryOf(ClusterLoadAssignmentSchema, m, m.clusterName)),
      ...listeners.map((m) => entryOf(ListenerSchema, m, m.name)),
      ...routes.map((m) => entryOf(RouteConfigurationSchema, m, m.name)),
      ...secrets.map((m) => entryOf(SecretSchema, m, m.name)),
    ];
    return {
      resources: all.flatMap(({ resource }) => resource ?? []),
      diagnostics: all.flatMap(({ diagnostics }) => diagnostics),
    };
  };
}

function encode(schema: DescMessage, message: Message, name: string): Entry {
  const typeUrl = `type.googleapis.com/${schema.typeName}`;
  const violations = validateResource(typeUrl, message);
  if (violations.length === 0) {
    return { resource: createResource(typeUrl, name, toBinary(schema, message)), diagnostics: [] };
  }
  const what = violations.map(({ path, message: why }) => `${path}: ${why}`).join("; ");
  return {
    resource: undefined,
    diagnostics: [
      diagnostic("HED2001", {
        message: `${shortType(typeUrl)} ${name} is left out, an Envoy would refuse it: ${what}`,
      }),
    ],
  };
}
