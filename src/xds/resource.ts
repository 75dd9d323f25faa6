import { type DescMessage, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { contentHash } from "../base/hash.ts";

/**
 * One xDS resource, encoded once. The same object is shared by every view and stream that has it, so identity means
 * "unchanged".
 */
export interface Resource {
  readonly typeUrl: string;
  readonly name: string;
  /** What clients are told; the content hash unless the caller of the cache gave one. */
  readonly version: string;
  /** Hash of `bytes`: what decides whether a resource changed. */
  readonly hash: string;
  /** The message itself, as it stands in `google.protobuf.Any.value`. */
  readonly bytes: Uint8Array;
}

/** A resource of encoded bytes; `version` defaults to the hash of the content. */
export function createResource(typeUrl: string, name: string, bytes: Uint8Array, version?: string): Resource {
  const hash = contentHash(bytes);
  return { typeUrl, name, version: version ?? hash, hash, bytes };
}

/** A resource of a generated message, e.g. `encodeResource(ClusterSchema, cluster, cluster.name)`. */
export function encodeResource<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
  name: string,
): Resource {
  return createResource(`type.googleapis.com/${schema.typeName}`, name, toBinary(schema, message));
}
