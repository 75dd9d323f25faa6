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
import {
  createResource,
  createTypeSnapshot,
  type Resource,
  shortType,
  type Snapshot,
  type TypeSnapshot,
} from "../xds/index.ts";
import { validateResource } from "../xds/validate.ts";
import type { Violation } from "../xds/validate-findings.ts";
import { createRouteEncoder } from "./encode-routes.ts";
import { mendRoutes, virtualHostOf } from "./mend-routes.ts";
import { serviceNamedIn } from "./subject.ts";

export interface Encoded {
  /**
   * A type of it is the same object for as long as the list of messages is the same; all of it, for proxies with one
   * configuration.
   */
  readonly snapshot: Snapshot;
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

/** A list of messages of one type. */
interface List {
  readonly typeUrl: string;
  readonly entries: readonly Entry[];
  /** What every proxy with the list is served; undefined where something in it cannot be sent. */
  readonly type: TypeSnapshot | undefined;
  /** By version: what proxies are served of a list in which something cannot be sent. */
  readonly mended: Map<string, TypeSnapshot>;
  readonly diagnostics: readonly Diagnostic[];
}

/** Told of each message that is encoded, with the short name of its type; one that breaks a rule is not `valid`. */
export type OnEncoded = (type: string, valid: boolean) => void;

export function createEncoder(onEncoded: OnEncoded): Encoder {
  const entries = new WeakMap<Message, Entry>();
  const lists = new WeakMap<readonly Message[], List>();
  const whole = new WeakMap<ProxyConfig, Encoded>();
  const encodeRoutes = createRouteEncoder();

  function entryOf(schema: DescMessage, message: Message, name: string): Entry {
    let entry = entries.get(message);
    if (!entry) {
      const table = isMessage(message, RouteConfigurationSchema) ? encodeRoutes(message) : undefined;
      entry = table ? accepted(schema, message, name, table) : encode(schema, message, name);
      onEncoded(shortType(entry.typeUrl), entry.resource !== undefined);
      entries.set(message, entry);
    }
    return entry;
  }

  function listOf<T extends Message>(
    schema: DescMessage,
    messages: readonly T[],
    nameOf: (message: T) => string,
  ): List {
    let list = lists.get(messages);
    if (!list) {
      const typeUrl = typeUrlOf(schema);
      const all = messages.map((message) => entryOf(schema, message, nameOf(message)));
      const resources = all.flatMap(({ resource }) => resource ?? []);
      list = {
        typeUrl,
        entries: all,
        type: resources.length === all.length ? createTypeSnapshot(typeUrl, resources) : undefined,
        mended: new Map(),
        diagnostics: all.flatMap(({ diagnostics }) => diagnostics),
      };
      lists.set(messages, list);
    }
    return list;
  }

  function encodeConfig(config: ProxyConfig, before: Snapshot | undefined): Encoded {
    const { clusters, endpoints, listeners, routes, secrets, extensions } = config;
    const all = [
      listOf(ClusterSchema, clusters, ({ name }) => name),
      listOf(ClusterLoadAssignmentSchema, endpoints, ({ clusterName }) => clusterName),
      listOf(ListenerSchema, listeners, ({ name }) => name),
      listOf(RouteConfigurationSchema, routes, ({ name }) => name),
      listOf(SecretSchema, secrets, ({ name }) => name),
      listOf(TypedExtensionConfigSchema, extensions, ({ name }) => name),
    ];
    const encoded: Encoded = {
      snapshot: snapshotOf(all.map((list) => list.type ?? mend(list, before))),
      diagnostics: all.flatMap(({ diagnostics }) => diagnostics),
    };
    // Where something cannot be sent, what is sent instead depends on the proxy.
    if (all.every(({ type }) => type !== undefined)) whole.set(config, encoded);
    return encoded;
  }

  return (config, before) => whole.get(config) ?? encodeConfig(config, before);
}

/** What has no resources is left out. */
function snapshotOf(types: readonly TypeSnapshot[]): Snapshot {
  return { types: new Map(types.filter(({ resources }) => resources.size > 0).map((type) => [type.typeUrl, type])) };
}

/** All resources that were encoded, by type and name. */
export function resourcesOf({ snapshot }: Encoded): readonly Resource[] {
  return [...snapshot.types.values()].flatMap(({ resources }) => [...resources.values()]);
}

/** Proxies that are served the same in place of what cannot be sent share it. */
function mend({ typeUrl, entries, mended }: List, before: Snapshot | undefined): TypeSnapshot {
  const resources = entries.flatMap((entry) => entry.resource ?? instead(entry, before) ?? []);
  const made = createTypeSnapshot(typeUrl, resources);
  const same = mended.get(made.version) ?? made;
  mended.set(same.version, same);
  return same;
}

function typeUrlOf(schema: DescMessage): string {
  return `type.googleapis.com/${schema.typeName}`;
}

function accepted(schema: DescMessage, message: Message, name: string, bytes: Uint8Array): Entry {
  const typeUrl = typeUrlOf(schema);
  return { message, typeUrl, name, violations: [], resource: createResource(typeUrl, name, bytes), diagnostics: [] };
}

function encode(schema: DescMessage, message: Message, name: string): Entry {
  const typeUrl = typeUrlOf(schema);
  const violations = validateResource(typeUrl, message);
  if (violations.length === 0) return accepted(schema, message, name, toBinary(schema, message));
  const diagnostics = describe(typeUrl, message, name, violations);
  return { message, typeUrl, name, violations, resource: undefined, diagnostics };
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
