/** What Envoy's fields hold for a policy, and the same policy with something else in a field's place. */
import type { DescMessage, Message } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { type Any, anyUnpack, AnySchema } from "@bufbuild/protobuf/wkt";
import { type ValuePath, valueAt } from "../../scripts/reference/examples.ts";
import { isDuration, isNumber, type Leaf } from "../../scripts/reference/schema.ts";
import { trafficPolicyObject } from "../../src/api/traffic-policy.ts";
import { ClusterSchema } from "../../src/gen/envoy/config/cluster/v3/cluster_pb.ts";
import { TypedExtensionConfigSchema } from "../../src/gen/envoy/config/core/v3/extension_pb.ts";
import { ClusterLoadAssignmentSchema } from "../../src/gen/envoy/config/endpoint/v3/endpoint_pb.ts";
import { RouteConfigurationSchema } from "../../src/gen/envoy/config/route/v3/route_pb.ts";
import { buildSnapshot } from "../../src/model/build.ts";
import type { ObjectSet } from "../../src/model/objects.ts";
import { resolveProxy } from "../../src/translate/proxy.ts";
import { DEFAULT_SETTINGS } from "../../src/translate/settings.ts";
import { createTranslator } from "../../src/translate/translate.ts";
import { envoyRegistry } from "../../src/xds/registry.ts";

/** One who calls, and one who is called. */
const PROXIES = ["web.shop", "checkout-1.shop"];

/** By full name without `envoy.`, everything that a field holds anywhere. */
export function envoyFields(mesh: ObjectSet, manifest: unknown): ReadonlyMap<string, string> {
  const policy = trafficPolicyObject.parse(manifest);
  const snapshot = buildSnapshot(
    { ...mesh, TrafficPolicy: new Map([["shop/policy", { object: policy }]]) },
    { clusterDomain: DEFAULT_SETTINGS.clusterDomain },
  );
  const found = new Map<string, unknown[]>();
  for (const id of PROXIES) {
    const config = createTranslator()(snapshot, resolveProxy(snapshot, id)!);
    for (const message of config.clusters) collect(ClusterSchema, message, found);
    for (const message of config.endpoints) collect(ClusterLoadAssignmentSchema, message, found);
    for (const message of config.routes) collect(RouteConfigurationSchema, message, found);
    for (const message of config.extensions) collect(TypedExtensionConfigSchema, message, found);
  }
  return new Map([...found].map(([name, values]) => [name, JSON.stringify(values, plain)]));
}

function collect(schema: DescMessage, message: Message, into: Map<string, unknown[]>): void {
  if (schema.typeName === AnySchema.typeName) {
    const held = anyUnpack(message as Any, envoyRegistry);
    if (held) collect(envoyRegistry.getMessage(held.$typeName)!, held, into);
    return;
  }
  const view = reflect(schema, message);
  for (const field of schema.fields) {
    if (!view.isSet(field)) continue;
    const name = `${schema.typeName.replace(/^envoy\./, "")}.${field.name}`;
    const raw: unknown = field.oneof
      ? (message as unknown as Record<string, { readonly value: unknown }>)[field.oneof.localName]!.value
      : (message as unknown as Record<string, unknown>)[field.localName];
    into.set(name, [...(into.get(name) ?? []), raw]);
    const below = field.message;
    if (!below) continue;
    for (const one of messagesIn(raw)) collect(below, one, into);
  }
}

/** Those of a field, a list, or a map. */
function messagesIn(raw: unknown): readonly Message[] {
  if (Array.isArray(raw)) return raw.flatMap(messagesIn);
  if (typeof raw !== "object" || raw === null) return [];
  return "$typeName" in raw ? [raw as Message] : Object.values(raw).flatMap(messagesIn);
}

function plain(_: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  return value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value;
}

/**
 * The manifest without a field, or, where it must have it, with another value in its place. Where neither makes a policy, and for
 * fields that only have one value, without the smallest part around it.
 */
export function* without(manifest: unknown, place: ValuePath, { schema }: Leaf): Iterable<unknown> {
  const at = ["spec", ...place];
  const alone = [undefined, ...others(schema, valueAt(manifest, at))]
    .map((value) => replaced(manifest, at, value))
    .filter(isPolicy);
  yield* alone;
  if (alone.length > 0 && schema.enum?.length !== 1 && schema.type !== "boolean") return;
  for (let length = at.length - 1; length > 1; length--) {
    const less = replaced(manifest, at.slice(0, length), undefined);
    if (!isPolicy(less)) continue;
    yield less;
    return;
  }
}

function isPolicy(manifest: unknown): boolean {
  return trafficPolicyObject.safeParse(manifest).success;
}

/** Other values of the same type. */
function others(schema: Schema, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return others(schema, value[0]).map((other) => [other]);
  if (schema.enum) return schema.enum.filter((word) => word !== value);
  if (isDuration(schema)) return ["7s"];
  if (isNumber(schema)) return [Number(value) + 1, Number(value) - 1];
  if (typeof value === "boolean") return [!value];
  if (typeof value === "string") return [`${value}2`];
  if (schema.additionalProperties) {
    return [
      Object.fromEntries(Object.entries(value as Readonly<Record<string, string>>).map(([k, v]) => [k, `${v}2`])),
    ];
  }
  return [];
}

type Schema = Leaf["schema"];

/** A copy with another value at a path; undefined takes it away. */
function replaced(value: unknown, [step, ...rest]: ValuePath, by: unknown): unknown {
  if (step === undefined) return by;
  if (Array.isArray(value)) {
    const changed = value.map((item: unknown, index) => (index === step ? replaced(item, rest, by) : item));
    return changed.filter((item) => item !== undefined);
  }
  const entries = Object.entries(value as Readonly<Record<string, unknown>>);
  return Object.fromEntries(
    entries.flatMap(([name, item]) => {
      const changed = name === step ? replaced(item, rest, by) : item;
      return changed === undefined ? [] : [[name, changed]];
    }),
  );
}
