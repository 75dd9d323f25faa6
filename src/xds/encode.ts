/**
 * Writes discovery responses by hand out of resources that were encoded once: a response is a copy of shared bytes, never a
 * second encoding.
 *
 * Field numbers: envoy/service/discovery/v3/discovery.proto and google/protobuf/any.proto.
 */
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { Resource } from "./resource.ts";
import type { Response } from "./type-state.ts";
import { type Framed, frame } from "./frame.ts";

/**
 * An encoder that remembers its last few responses. Many streams are sent the same resources under the same nonce, and then the very
 * bytes are shared.
 */
export function createEncoder(encode: (response: Response) => Framed): (response: Response) => Framed {
  const recent: { readonly response: Response; readonly bytes: Framed }[] = [];

  return (response) => {
    const found = recent.find((entry) => sameResponse(entry.response, response));
    if (found) return found.bytes;
    const bytes = encode(response);
    recent.unshift({ response, bytes });
    recent.length = Math.min(recent.length, MAX_SHARED);
    return bytes;
  };
}

const MAX_SHARED = 8;

function sameResponse(a: Response, b: Response): boolean {
  return (
    a.nonce === b.nonce &&
    a.typeUrl === b.typeUrl &&
    a.version === b.version &&
    sameItems(a.resources, b.resources) &&
    sameItems(a.removed, b.removed)
  );
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a === b || (a.length === b.length && a.every((item, i) => item === b[i]));
}

/** A DeltaDiscoveryResponse, framed. */
export function encodeDeltaResponse(response: Response): Framed {
  const head = new BinaryWriter().tag(1, WireType.LengthDelimited).string(response.version);
  head.tag(4, WireType.LengthDelimited).string(response.typeUrl);
  for (const name of response.removed) head.tag(6, WireType.LengthDelimited).string(name);
  return join(response, head, deltaField);
}

/** A DiscoveryResponse, framed. */
export function encodeSotwResponse(response: Response): Framed {
  const head = new BinaryWriter().tag(1, WireType.LengthDelimited).string(response.version);
  head.tag(4, WireType.LengthDelimited).string(response.typeUrl);
  return join(response, head, sotwField);
}

function join(response: Response, head: BinaryWriter, fieldOf: (resource: Resource) => Uint8Array): Framed {
  head.tag(5, WireType.LengthDelimited).string(response.nonce);
  return frame([head.finish(), ...response.resources.map(fieldOf)]);
}

/** Fields are written once a resource: memos of pure functions. */
const deltaFields = new WeakMap<Resource, Uint8Array>();
const sotwFields = new WeakMap<Resource, Uint8Array>();

/** The `resources` field (2) of a DeltaDiscoveryResponse: a Resource {version = 1, resource = 2, name = 3}. */
function deltaField(resource: Resource): Uint8Array {
  let field = deltaFields.get(resource);
  if (!field) {
    const writer = new BinaryWriter().tag(2, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.LengthDelimited).string(resource.version);
    writeAny(writer.tag(2, WireType.LengthDelimited), resource);
    writer.tag(3, WireType.LengthDelimited).string(resource.name);
    deltaFields.set(resource, (field = writer.join().finish()));
  }
  return field;
}

/** The `resources` field (2) of a DiscoveryResponse: an Any. */
function sotwField(resource: Resource): Uint8Array {
  let field = sotwFields.get(resource);
  if (!field) {
    sotwFields.set(
      resource,
      (field = writeAny(new BinaryWriter().tag(2, WireType.LengthDelimited), resource).finish()),
    );
  }
  return field;
}

function writeAny(writer: BinaryWriter, { typeUrl, bytes }: Resource): BinaryWriter {
  writer.fork().tag(1, WireType.LengthDelimited).string(typeUrl);
  return writer.tag(2, WireType.LengthDelimited).bytes(bytes).join();
}
